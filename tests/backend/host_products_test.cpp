// Products on the CPU with exact activations and with activations in 8 bits: what they are, for any shape, in any
// company and on any number of threads, and the scratch that they need.
#include "asterism/backend/host_products.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/core/error.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"

#include "laws/activation_laws.hpp"
#include "support/device_memory.hpp"
#include "support/files.hpp"
#include "support/naive.hpp"
#include "support/rows.hpp"

using namespace asterism;
using namespace asterism::backend;
using quant::Float32Activations;
using quant::Int8Activations;
namespace naive = test::naive;

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;
using Int4 = quant::Int4<32>;
using Int8 = quant::Int8<32>;
using SmallBlocks = quant::Int8<16>;  // smaller than a group of activations

constexpr std::size_t most_rows = 40;
constexpr std::size_t most_cols = 2048;
constexpr std::size_t row_counts[] = {1, 2, 7, 8, 9, 33};

// Runs a scenario, which returns its results, on one thread without a pool, and compares the bits on pools.
template <class Activation, class Scenario>
void on_any_threads(const Scenario& scenario) {
  const auto run = [&](auto host) {
    host.reserve(most_rows, most_cols);
    return scenario(host);
  };
  const std::vector<float> expected =
      run(BasicHost<parallel::Serial, Activation>(0, 64_MiB, std::make_shared<parallel::Serial>()));
  CHECK(!expected.empty());
  for (const std::size_t threads : {1U, 2U, 3U, 5U}) {
    CAPTURE(threads);
    const auto found =
        run(BasicHost<parallel::Threads, Activation>(0, 64_MiB, std::make_shared<parallel::Threads>(threads)));
    CHECK(test::same_bits(found, expected));
  }
}

template <class Host, class Format>
constexpr bool in_integers(const DeviceWeights<Format>& weights) {
  return std::is_same_v<typename Host::ActivationPolicy, Int8Activations> &&
         simd::has_integer_product(weights.kernel_matrix());
}

// Results of y = x W^T that lie further from plain loops than the policy of the host says.
template <class Host, class Format>
int wrong_products(const Host& /*host*/, const DeviceWeights<Format>& weights, const DeviceMatrix<float>& x,
                   const DeviceMatrix<float>& y) {
  const std::vector<float> all = test::decoded(weights);
  int wrong = 0;
  for (std::size_t i = 0; i < x.rows(); ++i) {
    const std::vector<float> row(x.view.row(i).begin(), x.view.row(i).end());
    const std::vector<double> expected = naive::product(all, weights.rows, row);
    for (std::size_t o = 0; o < weights.rows; ++o) {
      double bound = 0;
      for (std::size_t c = 0; c < row.size(); ++c)
        bound += 1e-6 * std::fabs(double{all[o * row.size() + c]} * row[c]);
      if constexpr (simd::IntegerFormat<Format>) {
        if (in_integers<Host>(weights)) bound = laws::activation8_bound(weights, all, o, View<const float>(row));
      }
      wrong += std::fabs(y.view(i, o) - expected[o]) <= bound ? 0 : 1;
    }
  }
  return wrong;
}

// All experts of a layer, and groups with the given numbers of slots.
template <class Format>
struct Layer {
  std::vector<DeviceWeights<Format>> gate, up, down;
  ExpertGroups groups;
  std::size_t slots = 0;

  template <class Memory>
  Layer(Memory& memory, std::size_t hidden, std::size_t ffn, const std::vector<std::int32_t>& counts) {
    for (std::size_t e = 0; e < counts.size(); ++e) {
      gate.push_back(memory.template weights<Format>(ffn, hidden, 0.2F));
      up.push_back(memory.template weights<Format>(ffn, hidden, 0.2F));
      down.push_back(memory.template weights<Format>(hidden, ffn, 0.2F));
      slots += static_cast<std::size_t>(counts[e]);
    }
    groups = memory.groups(counts.size(), slots);
    groups.offsets[0] = 0;
    for (std::size_t e = 0; e < counts.size(); ++e) groups.offsets[e + 1] = groups.offsets[e] + counts[e];
  }
  Experts<Format> experts() const { return {gate, up, down}; }
};

// Rows that lie 5 elements further apart than they are wide.
template <class Memory>
DeviceMatrix<float> apart(Memory& memory, std::size_t rows, std::size_t cols) {
  DeviceMatrix<float> matrix = memory.normal(rows, cols + 5);
  matrix.view.cols = cols;
  return matrix;
}

}  // namespace

TEST_CASE("tiles are whole lines of outputs, fixed by shape") {
  for (const std::size_t cols : {0U, 1U, 64U, 2048U, 4096U, 14336U, 1U << 20U}) {
    const std::size_t each = task_outputs(cols);
    CHECK(each >= 32);
    CHECK(each % 32 == 0);
    CHECK((each == 32 || each * cols <= std::size_t{1} << 17U));
  }
  CHECK(task_outputs(2048) == 64);
  CHECK(task_outputs(14336) == 32);
}

TEST_CASE_TEMPLATE("products are plain loops, for any number of rows and any shape, on any threads", Activation,
                   Float32Activations, Int8Activations) {
  const auto check = [](auto format, std::size_t outputs, std::size_t cols) {
    using Format = decltype(format);
    CAPTURE(Format::name());
    CAPTURE(outputs);
    CAPTURE(cols);
    on_any_threads<Activation>([&](auto& host) {
      test::DeviceMemory memory(host, outputs + cols);
      const auto weights = memory.template weights<Format>(outputs, cols);
      std::vector<float> all;
      for (const std::size_t rows : row_counts) {
        const auto x = apart(memory, rows, cols);
        const auto y = apart(memory, rows, outputs);
        const std::vector<float> beside(y.view.data + outputs, y.view.data + outputs + 5);
        host.product(weights, x, y);
        CHECK(wrong_products(host, weights, x, y) == 0);
        CHECK(std::equal(beside.begin(), beside.end(), y.view.data + outputs));
        for (std::size_t i = 0; i < rows; i += 5) {  // a row does not depend on those beside it
          const auto alone = memory.result(1, outputs);
          host.product(weights, x.rows_at(i, 1), alone);
          CHECK(test::same_bits(alone.view.row(0), y.view.row(i)));
        }
        const std::vector<float> values = test::values(y);
        all.insert(all.end(), values.begin(), values.end());
      }
      return all;
    });
  };
  for (const std::size_t outputs : {1U, 15U, 16U, 37U, 200U}) {
    check(Nf4{}, outputs, 64);
    check(Int4{}, outputs, 96);
    check(Int8{}, outputs, 32);
    check(Nf4{}, outputs, 72);  // not whole blocks
    check(Int4{}, outputs, 40);
    check(Int8{}, outputs, 7);
    check(SmallBlocks{}, outputs, 64);
    check(quant::BFloat16{}, outputs, 64);
  }
  check(Nf4{}, 70, most_cols);    // activations become integers on many threads
  check(Int4{}, 545, most_cols);  // nine tiles, more than are computed at once, and 33 rows, which are not few
}

TEST_CASE_TEMPLATE("several products at once have the bits that each has alone", Format, Nf4, Int8,
                   quant::BFloat16) {
  const auto check = [](auto activation) {
    on_any_threads<decltype(activation)>([](auto& host) {
      test::DeviceMemory memory(host);
      std::vector<float> all;
      for (const std::size_t cols : {128U, 72U, 2048U}) {
        for (const std::size_t rows : {0U, 1U, 9U, 17U}) {
          const auto x = memory.normal(rows, cols);
          std::vector<Product<Format>> several;
          for (const std::size_t outputs : {70U, 16U, 200U, 1U}) {
            several.push_back({memory.template weights<Format>(outputs, cols), memory.result(rows, outputs)});
          }
          host.template products<Format>(several, x);
          for (const Product<Format>& one : several) {
            const auto alone = memory.result(rows, one.weights.rows);
            host.product(one.weights, x, alone);
            CHECK(test::same_bits(test::values(one.y), test::values(alone)));
            const std::vector<float> values = test::values(alone);
            all.insert(all.end(), values.begin(), values.end());
          }
          host.template products<Format>(View<const Product<Format>>(), x);  // nothing to do
        }
      }
      return all;
    });
  };
  check(Float32Activations{});
  check(Int8Activations{});
}

TEST_CASE_TEMPLATE("experts are their products one after the other, to the bit", Format, Nf4, Int4, Int8,
                   SmallBlocks, quant::BFloat16) {
  const auto check = [](auto activation, std::size_t hidden, std::size_t ffn,
                        const std::vector<std::int32_t>& counts) {
    CAPTURE(hidden);
    CAPTURE(ffn);
    on_any_threads<decltype(activation)>([&](auto& host) {
      test::DeviceMemory memory(host, hidden + ffn);
      const Layer<Format> layer(memory, hidden, ffn, counts);
      const auto x = apart(memory, layer.slots, hidden);
      const auto gate = memory.result(layer.slots, ffn);
      const auto up = memory.result(layer.slots, ffn);
      const auto expected = memory.result(layer.slots, hidden);
      host.template grouped_product<Format>(layer.gate, layer.groups, x, gate);
      host.template grouped_product<Format>(layer.up, layer.groups, x, up);
      for (std::size_t e = 0; e < counts.size(); ++e) {
        const auto first = static_cast<std::size_t>(layer.groups.offsets[e]);
        const auto count = static_cast<std::size_t>(counts[e]);
        CHECK(wrong_products(host, layer.up[e], x.rows_at(first, count), up.rows_at(first, count)) == 0);
      }
      host.silu_multiply(gate, up, gate);
      host.template grouped_product<Format>(layer.down, layer.groups, gate, expected);

      const auto y = apart(memory, layer.slots, hidden);
      const auto inner = memory.result(layer.slots, ffn);
      host.template grouped_swiglu<Format>(layer.experts(), layer.groups, x, inner, up, y);
      CHECK(test::same_bits(test::values(y), test::values(expected)));
      host.template grouped_swiglu<Format>(layer.experts(), layer.groups, x, inner, up, x);  // y is x
      CHECK(test::same_bits(test::values(x), test::values(expected)));
      return test::values(x);
    });
  };
  const auto both = [&](std::size_t hidden, std::size_t ffn, const std::vector<std::int32_t>& counts) {
    check(Float32Activations{}, hidden, ffn, counts);
    check(Int8Activations{}, hidden, ffn, counts);
  };
  both(64, 128, {5, 0, 1, 2, 7, 0});
  both(128, 192, {0, 33});
  both(64, 72, {3, 2});  // rows that go in in integers, those inside not
  both(72, 64, {3, 2});  // the other way round
  both(40, 200, {0, 9, 1});
  both(64, most_cols, {1, 2, 0});         // several tiles a matrix, in both stages
  both(most_cols, 160, {0, 1, 0, 2, 0});  // three tiles an expert; experts without rows between
}

TEST_CASE("nothing is done where no rows are") {
  HostA8 host(0, 1_MiB, std::make_shared<parallel::Threads>(2));
  test::DeviceMemory memory(host);
  const Layer<Nf4> layer(memory, 64, 64, {0, 0, 0});
  const auto none = memory.normal(0, 64);
  host.grouped_product<Nf4>(layer.gate, layer.groups, none, none);
  host.grouped_swiglu<Nf4>(layer.experts(), layer.groups, none, none, none, none);
  host.product(layer.gate[0], none, none);  // and nothing was reserved
}

TEST_CASE("exact activations need no scratch, those in 8 bits what their rows take") {
  static_assert(Host::scratch(512, 14336) == Bytes{0});
  static_assert(SerialHost::scratch(1, 1) == Bytes{0});
  static_assert(HostA8::scratch(9, 64) == simd::Rows8::bytes(9, 64) * 2);
  static_assert(HostA8::scratch(0, 64) == Bytes{0});
  Host exact(0, 1_KiB, std::make_shared<parallel::Threads>(1));
  exact.reserve(100000, 100000);
  CHECK(exact.arena().used() == Bytes{0});
  HostA8 host(0, 1_MiB, std::make_shared<parallel::Threads>(1));
  host.reserve(9, 64);
  CHECK(host.arena().used() == HostA8::scratch(9, 64));
  host.reserve(3, 40);
  CHECK(host.arena().used() == HostA8::scratch(9, 64) + HostA8::scratch(3, 40));
  CHECK_THROWS_AS(host.reserve(1 << 10U, 1 << 10U), BudgetExceeded);
}

TEST_CASE("the largest scratch serves, in whatever order devices were asked") {
  const std::vector<std::size_t> orders[] = {{9}, {2, 9}, {9, 2}, {1, 9, 3}, {1, 2, 9}};
  for (const std::vector<std::size_t>& order : orders) {
    HostA8 host(0, 1_MiB, std::make_shared<parallel::Threads>(2));
    test::DeviceMemory memory(host);
    for (const std::size_t rows : order) host.reserve(rows, 128);
    const Layer<Nf4> layer(memory, 64, 128, {4, 5});
    const auto x = memory.normal(9, 64);
    const auto gate = memory.result(9, 128);
    const std::uint64_t before = host.arena().allocations();
    host.grouped_swiglu<Nf4>(layer.experts(), layer.groups, x, gate, memory.result(9, 128), x);
    CHECK(std::none_of(gate.view.data, gate.view.data + 9 * 128, [](float value) { return std::isnan(value); }));
    CHECK(host.arena().allocations() == before + 1);  // `result`
  }
}

TEST_CASE("too little scratch is refused with what to do, before anything is computed") {
  HostA8 host(0, 1_MiB, std::make_shared<parallel::Threads>(2));
  test::DeviceMemory memory(host);
  const Layer<Nf4> layer(memory, 64, 128, {4, 5});
  const auto x = memory.normal(9, 64);
  const auto gate = memory.result(9, 128);
  const auto up = memory.result(9, 128);
  const auto y = memory.result(9, 64);
  const auto all_refused = [&](bool inner_alone) {
    const auto refused = [](const auto& call, const char* rows, const char* advice, Bytes needed) {
      test::check_error<InvalidArgument>(call, {rows, "activations in 8 bits", advice, to_string(needed)});
    };
    const Bytes outer = HostA8::scratch(9, 64);
    const Bytes inner = HostA8::scratch(9, 128);
    if (!inner_alone) {
      refused([&] { host.product(layer.gate[0], x, gate); }, "9 rows of 64", "reserve(9, 64)", outer);
      refused([&] { host.grouped_product<Nf4>(layer.gate, layer.groups, x, gate); }, "9 rows of 64",
              "reserve(9, 64)", outer);
    }
    refused([&] { host.grouped_swiglu<Nf4>(layer.experts(), layer.groups, x, gate, up, y); }, "9 rows of 128",
            "reserve(9, 128)", inner);
    for (const DeviceMatrix<float>& matrix : {gate, up, y}) CHECK(std::isnan(matrix.view(0, 0)));
  };
  all_refused(false);
  host.reserve(8, 64);
  all_refused(false);
  host.reserve(9, 64);
  all_refused(true);
  host.reserve(9, 128);
  host.grouped_swiglu<Nf4>(layer.experts(), layer.groups, x, gate, up, y);
  CHECK_FALSE(std::isnan(y.view(8, 63)));
}
