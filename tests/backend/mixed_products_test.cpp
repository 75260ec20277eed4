// Products of weights that are each in one of several formats: bit for bit those of the single formats, whatever forms
// of activations they want of one input.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/core/error.hpp"
#include "asterism/kernels.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/one_of.hpp"

#include "support/device_memory.hpp"
#include "support/files.hpp"
#include "support/rows.hpp"

using namespace asterism;
using namespace asterism::backend;

namespace {

// In 8-bit activations: none, one order, another order, and a third.
using Mixed =
    quant::OneOf<quant::BFloat16, quant::Q8_0, quant::Q4_0, quant::Q6_K, quant::Nf4<128>, quant::Int8<16>>;

constexpr std::size_t cols = 512;

template <class Host>
struct Machine {
  Host host{0, 64_MiB, std::make_shared<typename Host::ExecutionPolicy>(3)};
  test::DeviceMemory<Host> memory{host};

  Machine() { host.reserve(32, cols); }

  /// Random weights in the format of a tag.
  DeviceWeights<Mixed> weights(quant::Tag tag, std::size_t rows, std::size_t columns = cols) {
    DeviceWeights<Mixed> out;
    Mixed::visit(tag, [&]<class Format>() {
      const auto one = memory.template weights<Format>(rows, columns, 0.1F);
      out = {one.data, one.rows, one.cols, one.device, tag};
    });
    return out;
  }

  std::vector<float> product(const DeviceWeights<Mixed>& weights, DeviceMatrix<const float> x) {
    const auto y = memory.result(x.rows(), static_cast<std::size_t>(weights.rows));
    weights.visit([&](const auto& one) { host.product(one, x, y); });
    return test::values(y);
  }

  /// `slots` rows in turn for `experts`.
  ExpertGroups groups(std::size_t experts, std::size_t slots) {
    const ExpertGroups out = memory.groups(experts, slots);
    for (std::size_t e = 0; e <= experts; ++e) out.offsets[e] = static_cast<std::int32_t>(e * slots / experts);
    for (std::size_t s = 0; s < slots; ++s)
      out.source_row[s] = out.slot_of_choice[s] = static_cast<std::int32_t>(s);
    return out;
  }
};

template <class Activation>
using Threaded = BasicHost<parallel::Threads, Activation>;

}  // namespace

TEST_CASE_TEMPLATE("products of one input in all formats at once", Host, Threaded<quant::Float32Activations>,
                   Threaded<quant::Int8Activations>, Threaded<quant::WideInt8Activations>) {
  Machine<Host> on;
  for (const std::size_t rows : {1U, 7U, 20U}) {
    CAPTURE(rows);
    const auto x = on.memory.normal(rows, cols);
    std::vector<Product<Mixed>> all;
    for (quant::Tag tag = 0; tag < Mixed::count; ++tag) {
      const std::size_t outputs = 33 + std::size_t{tag};
      all.push_back({on.weights(tag, outputs), on.memory.result(rows, outputs)});
    }
    all.push_back({on.weights(1, 16), on.memory.result(rows, 16)});
    on.host.template products<Mixed>(View<const Product<Mixed>>(all), x);
    for (const Product<Mixed>& one : all) CHECK(test::same_bits(test::values(one.y), on.product(one.weights, x)));
    const auto y = on.memory.result(rows, 33);
    on.host.product(all[0].weights, x, y);
    CHECK(test::same_bits(test::values(y), on.product(all[0].weights, x)));
  }
}

TEST_CASE_TEMPLATE("gated experts whose gates, ups and downs are in different formats", Host,
                   Threaded<quant::Float32Activations>, Threaded<quant::Int8Activations>) {
  Machine<Host> on;
  constexpr std::size_t ffn = 256;
  constexpr std::size_t slots = 11;
  const ExpertGroups groups = on.groups(3, slots);
  const auto x = on.memory.normal(slots, cols);
  for (quant::Tag gate = 0; gate < Mixed::count; ++gate) {
    for (const quant::Tag up : {gate, quant::Tag{1}, quant::Tag{2}}) {
      CAPTURE(int{gate});
      CAPTURE(int{up});
      const auto down = static_cast<quant::Tag>((gate + up + 1) % Mixed::count);
      std::vector<DeviceWeights<Mixed>> gates;
      std::vector<DeviceWeights<Mixed>> ups;
      std::vector<DeviceWeights<Mixed>> downs;
      for (int e = 0; e < 3; ++e) {
        gates.push_back(on.weights(gate, ffn));
        ups.push_back(on.weights(up, ffn));
        downs.push_back(on.weights(down, cols, ffn));
      }
      const auto inner = on.memory.result(slots, ffn);
      const auto scratch = on.memory.result(slots, ffn);
      const auto y = on.memory.result(slots, cols);
      on.host.template grouped_swiglu<Mixed>({gates, ups, downs}, groups, x, inner, scratch, y);
      // One by one.
      const auto gated = on.memory.result(slots, ffn);
      const auto upped = on.memory.result(slots, ffn);
      const auto expected = on.memory.result(slots, cols);
      on.host.template grouped_product<Mixed>(gates, groups, x, gated);
      on.host.template grouped_product<Mixed>(ups, groups, x, upped);
      on.host.silu_multiply(gated, upped, gated);
      on.host.template grouped_product<Mixed>(downs, groups, gated, expected);
      CHECK(test::same_bits(test::values(y), test::values(expected)));
      const auto first = groups.offsets[1];
      const auto rows = x.rows_at(0, static_cast<std::size_t>(first));
      std::vector<float> alone = on.product(gates[0], rows);
      const auto of_first = on.memory.result(slots, ffn);
      on.host.template grouped_product<Mixed>(gates, groups, x, of_first);
      CHECK(test::same_bits(test::values(of_first.rows_at(0, static_cast<std::size_t>(first))), alone));
    }
  }
}

TEST_CASE("tokens of an embedding in one of several formats; experts in unlike formats are refused") {
  Machine<SerialHost> on;
  const auto table = on.weights(3, 9);
  const std::vector<TokenId> ids{8, 0, 3};
  const auto y = on.memory.result(3, cols);
  const auto expected = on.memory.result(3, cols);
  on.host.embed(table, ids, y);
  table.visit([&](const auto& one) { on.host.embed(one, ids, expected); });
  CHECK(test::same_bits(test::values(y), test::values(expected)));
  const ExpertGroups groups = on.groups(2, 4);
  const std::vector<DeviceWeights<Mixed>> unlike{on.weights(1, 8), on.weights(2, 8)};
  test::check_error<InvalidArgument>(
      [&] { on.host.grouped_product<Mixed>(unlike, groups, on.memory.normal(4, cols), on.memory.result(4, 8)); },
      {"grouped_product", "different formats"});
}
