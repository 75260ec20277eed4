// Gated DeltaNet on the CPU against loops in double, for sizes of any kind; the same bits for any number of threads and
// any cut into passes; and what its operations refuse.
#include "asterism/backend/host_recurrent.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/parallel/threads.hpp"

#include "support/device_memory.hpp"
#include "support/naive_recurrent.hpp"
#include "support/rows.hpp"

using namespace asterism;
using namespace asterism::backend;
namespace naive = test::naive;

namespace {

/// Operands of a layer over some rows, and a device for them.
struct Layer {
  DeltaHeads heads;
  std::size_t rows, kernel;
  Host host;
  test::DeviceMemory<Host> memory;
  DeviceMatrix<float> x, taps, rows_before, ba, rate, dt_bias, state_before, weight, z;
  DeviceMatrix<float> rows_after, qkv, decay, beta, state_after, core, out;

  Layer(const DeltaHeads& sizes, std::size_t n, std::size_t width, std::size_t threads, std::int32_t device = 0)
      : heads(sizes),
        rows(n),
        kernel(width),
        host(device, 64_MiB, std::make_shared<parallel::Threads>(threads)),
        memory(host),
        x(memory.normal(n, heads.qkv_columns())),
        taps(memory.normal(heads.qkv_columns(), width, 0.5F)),
        rows_before(memory.normal(width - 1, heads.qkv_columns())),
        ba(memory.normal(n, 2 * heads.value_heads, 2)),
        rate(memory.normal(1, heads.value_heads)),
        dt_bias(memory.normal(1, heads.value_heads)),
        state_before(memory.normal(heads.state_rows(), heads.value_width)),
        weight(memory.normal(1, heads.value_width)),
        z(memory.normal(n, heads.value_columns())),
        rows_after(memory.result(width - 1, heads.qkv_columns())),
        qkv(memory.result(n, heads.qkv_columns())),
        decay(memory.result(n, heads.value_heads)),
        beta(memory.result(n, heads.value_heads)),
        state_after(memory.result(heads.state_rows(), heads.value_width)),
        core(memory.result(n, heads.value_columns())),
        out(memory.result(n, heads.value_columns())) {
    for (float& value : rate.view.row(0)) value = -std::exp(value);
  }

  /// Passes of `each` rows; the state goes to and fro between two matrices, or stays where it is.
  void run(std::size_t each, bool in_place = false) {
    std::copy_n(rows_start_.begin(), rows_start_.size(), rows_before.view.data);
    std::copy_n(state_start_.begin(), state_start_.size(), state_before.view.data);
    DeviceMatrix<float> r[2] = {rows_before, in_place ? rows_before : rows_after};
    DeviceMatrix<float> s[2] = {state_before, in_place ? state_before : state_after};
    for (std::size_t first = 0; first < rows; first += each) {
      const std::size_t n = std::min(each, rows - first);
      host.causal_convolution(x.rows_at(first, n), taps, r[0], r[1], qkv.rows_at(first, n));
      host.delta_gates(heads, ba.rows_at(first, n), rate, dt_bias, decay.rows_at(first, n),
                       beta.rows_at(first, n));
      host.delta_rule(heads, qkv.rows_at(first, n), decay.rows_at(first, n), beta.rows_at(first, n), s[0], s[1],
                      core.rows_at(first, n));
      host.gated_rms_norm(core.rows_at(first, n), weight, 1e-6F, z.rows_at(first, n), out.rows_at(first, n));
      std::swap(r[0], r[1]);
      std::swap(s[0], s[1]);
    }
    rows_left = test::values(r[0]);
    state_left = test::values(s[0]);
  }
  std::vector<float> rows_left, state_left;

  /// Everything that a run leaves, in one row.
  std::vector<float> all() const {
    std::vector<float> values;
    for (const auto& some : {test::values(qkv), test::values(decay), test::values(beta), test::values(core),
                             test::values(out), rows_left, state_left}) {
      values.insert(values.end(), some.begin(), some.end());
    }
    return values;
  }

 private:
  std::vector<float> rows_start_ = test::values(rows_before);
  std::vector<float> state_start_ = test::values(state_before);
};

naive::Rows rows_of(const DeviceMatrix<float>& matrix) {
  return naive::rows_of(test::values(matrix), matrix.rows(), matrix.cols());
}

double largest_error(const std::vector<float>& found, const naive::Rows& expected) {
  double most = 0;
  std::size_t i = 0;
  for (const naive::Row& row : expected) {
    for (const double value : row) {
      const double error = std::fabs(double{found[i++]} - value) / std::fmax(1, std::fabs(value));
      most = error <= most ? most : error;  // NaN counts
    }
  }
  CHECK(i == found.size());
  return most;
}

constexpr DeltaHeads some_heads[] = {
    {.key_heads = 1, .value_heads = 1, .key_width = 1, .value_width = 1},
    {.key_heads = 2, .value_heads = 2, .key_width = 16, .value_width = 16},
    {.key_heads = 1, .value_heads = 3, .key_width = 20, .value_width = 35},
    {.key_heads = 3, .value_heads = 6, .key_width = 33, .value_width = 12},
    {.key_heads = 1, .value_heads = 2, .key_width = 160, .value_width = 72},
    {.key_heads = 2, .value_heads = 4, .key_width = 64, .value_width = 200},
};

}  // namespace

TEST_CASE("every operation of Gated DeltaNet is its loop in double") {
  for (const DeltaHeads& heads : some_heads) {
    for (const std::size_t kernel : {1U, 2U, 3U, 4U, 5U, 16U}) {
      for (const std::size_t rows : {1U, 2U, 3U, 7U, 70U}) {
        if (kernel > 5 && rows > 7) continue;
        CAPTURE(heads.key_width);
        CAPTURE(kernel);
        CAPTURE(rows);
        Layer layer(heads, rows, kernel, 1);
        naive::Rows last = rows_of(layer.rows_before);
        naive::Rows state = rows_of(layer.state_before);
        const naive::Rows qkv = naive::causal_convolution(rows_of(layer.x), rows_of(layer.taps), last);
        naive::Rows decay, beta, core, out;
        layer.run(rows);
        // Each operation on what the host made before it, so that errors do not add up.
        const naive::Rows made = rows_of(layer.qkv), z = rows_of(layer.z), answers = rows_of(layer.core);
        for (std::size_t t = 0; t < rows; ++t) {
          const auto gates =
              naive::delta_gates(heads, rows_of(layer.ba)[t], rows_of(layer.rate)[0], rows_of(layer.dt_bias)[0]);
          decay.push_back(gates.first);
          beta.push_back(gates.second);
          core.push_back(
              naive::delta_rule(heads, made[t], rows_of(layer.decay)[t], rows_of(layer.beta)[t], state));
          out.push_back(naive::gated_rms_norm(answers[t], rows_of(layer.weight)[0], 1e-6, z[t]));
        }
        CHECK(largest_error(test::values(layer.qkv), qkv) < 2e-6);
        CHECK(largest_error(layer.rows_left, last) == 0);
        CHECK(largest_error(test::values(layer.decay), decay) < 1e-6);
        CHECK(largest_error(test::values(layer.beta), beta) < 1e-6);
        CHECK(largest_error(test::values(layer.core), core) < 1e-5);
        CHECK(largest_error(layer.state_left, state) < 1e-5);
        CHECK(largest_error(test::values(layer.out), out) < 5e-6);
      }
    }
  }
}

TEST_CASE("the same bits with any number of threads, in any cut into passes, in place too") {
  for (const DeltaHeads& heads : some_heads) {
    Layer alone(heads, 9, 4, 1);
    alone.run(9);
    const std::vector<float> expected = alone.all();
    Layer layer(heads, 9, 4, 3);
    for (const std::size_t each : {1U, 2U, 4U, 9U}) {
      for (const bool in_place : {false, true}) {
        CAPTURE(heads.key_width);
        CAPTURE(each);
        CAPTURE(in_place);
        layer.run(each, in_place);
        CHECK(test::same_bits(layer.all(), expected));
      }
    }
  }
}

TEST_CASE("a state beyond the caches has the same bits, written past them or in place") {
  const DeltaHeads heads{.key_heads = 8, .value_heads = 16, .key_width = 128, .value_width = 128};
  Layer layer(heads, 3, 4, 2);
  layer.run(3);
  const std::vector<float> expected = layer.all();
  for (const bool in_place : {false, true}) {
    layer.run(1, in_place);
    CHECK(test::same_bits(layer.all(), expected));
  }
}

TEST_CASE("operations of Gated DeltaNet allocate nothing from the arena, and take no rows") {
  Layer layer(some_heads[2], 5, 4, 2);
  const auto before = layer.host.arena().allocations();
  layer.run(5);
  CHECK(layer.host.arena().allocations() == before);
  const auto none = [](const auto& matrix) { return matrix.rows_at(0, 0); };
  layer.host.causal_convolution(none(layer.x), layer.taps, layer.rows_before, layer.rows_after, none(layer.qkv));
  CHECK(test::same_bits(test::values(layer.rows_after), test::values(layer.rows_before)));
  layer.host.delta_rule(layer.heads, none(layer.qkv), none(layer.decay), none(layer.beta), layer.state_before,
                        layer.state_after, none(layer.core));
  CHECK(test::same_bits(test::values(layer.state_after), test::values(layer.state_before)));
}

TEST_CASE("gates of large inputs are the limits") {
  const DeltaHeads heads{.key_heads = 1, .value_heads = 2, .key_width = 1, .value_width = 1};
  Layer layer(heads, 1, 1, 1);
  const float ba[] = {200.0F, -200.0F, 300.0F, -300.0F};  // b of both heads, then a
  std::copy_n(ba, 4, layer.ba.view.data);
  layer.rate.view(0, 0) = layer.rate.view(0, 1) = -1;
  layer.dt_bias.view(0, 0) = layer.dt_bias.view(0, 1) = 0;
  layer.host.delta_gates(heads, layer.ba, layer.rate, layer.dt_bias, layer.decay, layer.beta);
  CHECK(layer.beta.view(0, 0) == 1);
  CHECK(layer.beta.view(0, 1) == 0);
  CHECK(layer.decay.view(0, 0) == 0);
  CHECK(layer.decay.view(0, 1) == 1);
}

TEST_CASE("rows that lie apart in memory, y in the place of x") {
  const DeltaHeads heads = some_heads[1];
  Layer layer(heads, 4, 3, 2);
  layer.run(4);
  const std::vector<float> expected = layer.all();
  const auto apart = [&](DeviceMatrix<float>& matrix) {
    const DeviceMatrix<float> wide = layer.memory.result(matrix.rows(), matrix.cols() + 5);
    const MatrixView<float> some(wide.view.data + 2, matrix.rows(), matrix.cols(), wide.view.stride);
    for (std::size_t i = 0; i < matrix.rows(); ++i)
      std::copy_n(matrix.view.row(i).data, matrix.cols(), some.row(i).data);
    matrix.view = some;
  };
  for (DeviceMatrix<float>* matrix : {&layer.x, &layer.taps, &layer.ba, &layer.z, &layer.qkv, &layer.decay,
                                      &layer.beta, &layer.core, &layer.out}) {
    apart(*matrix);
  }
  layer.run(4);
  CHECK(test::same_bits(layer.all(), expected));
  layer.host.gated_rms_norm(layer.core, layer.weight, 1e-6F, layer.z, layer.core);
  CHECK(test::same_bits(test::values(layer.core), test::values(layer.out)));
}

namespace {

/// Calls an operation whose operands, in the order of its signature, come from at(i).
template <class Call>
void refuses_each_operand_of_another_device(const std::string& name, std::size_t operands, const Call& call) {
  Layer here(some_heads[1], 3, 4, 1, 0);
  Layer there(some_heads[1], 3, 4, 1, 1);
  for (std::size_t foreign = 0; foreign < operands; ++foreign) {
    CAPTURE(foreign);
    std::string message;
    try {
      call(here.host, [&](std::size_t i) -> Layer& { return i == foreign ? there : here; });
    } catch (const WrongDevice& error) {
      message = error.what();
    }
    CHECK(message ==
          concat(name, " runs on device 0 but an operand lives on device 1: hand it over with copy_from() first"));
    for (const Layer* layer : {&here, &there}) {  // nothing was computed
      for (const DeviceMatrix<float>& result : {layer->rows_after, layer->qkv, layer->decay, layer->beta,
                                                layer->state_after, layer->core, layer->out}) {
        CHECK(std::isnan(result.view(0, 0)));
      }
    }
  }
  CHECK_NOTHROW(call(here.host, [&](std::size_t) -> Layer& { return here; }));
}

template <class Change>
void refuses(const std::string& name, const Change& change) {
  Layer layer(some_heads[1], 3, 4, 1);
  change(layer);
  std::string message;
  try {
    layer.run(layer.rows);
  } catch (const InvalidArgument& error) {
    message = error.what();
  }
  CHECK(message == concat(name, ": the shapes of the operands do not agree"));
}

}  // namespace

TEST_CASE("every operation of Gated DeltaNet refuses every operand of another device") {
  refuses_each_operand_of_another_device("causal_convolution", 5, [](Host& host, auto at) {
    host.causal_convolution(at(0).x, at(1).taps, at(2).rows_before, at(3).rows_after, at(4).qkv);
  });
  refuses_each_operand_of_another_device("delta_gates", 5, [](Host& host, auto at) {
    host.delta_gates(at(5).heads, at(0).ba, at(1).rate, at(2).dt_bias, at(3).decay, at(4).beta);
  });
  refuses_each_operand_of_another_device("delta_rule", 6, [](Host& host, auto at) {
    host.delta_rule(at(6).heads, at(0).qkv, at(1).decay, at(2).beta, at(3).state_before, at(4).state_after,
                    at(5).core);
  });
  refuses_each_operand_of_another_device("gated_rms_norm", 4, [](Host& host, auto at) {
    host.gated_rms_norm(at(0).core, at(1).weight, 1e-6F, at(2).z, at(3).out);
  });
}

TEST_CASE("every operation of Gated DeltaNet refuses shapes that do not agree") {
  using Matrix = DeviceMatrix<float> Layer::*;
  const auto narrower = [](const std::string& name, std::initializer_list<Matrix> all) {
    for (const Matrix one : all) refuses(name, [one](Layer& layer) { --(layer.*one).view.cols; });
  };
  const auto shorter = [](const std::string& name, std::initializer_list<Matrix> all) {
    for (const Matrix one : all) refuses(name, [one](Layer& layer) { --(layer.*one).view.rows; });
  };
  narrower("causal_convolution", {&Layer::x, &Layer::taps, &Layer::rows_before, &Layer::rows_after, &Layer::qkv});
  shorter("causal_convolution", {&Layer::taps, &Layer::rows_before, &Layer::rows_after});
  refuses("causal_convolution", [](Layer& layer) {
    layer.taps = layer.memory.normal(layer.heads.qkv_columns(), most_kernel_width + 1);
    layer.rows_after = layer.memory.normal(most_kernel_width, layer.heads.qkv_columns());
    layer.rows_before.view = layer.rows_after.view;
  });
  narrower("delta_gates", {&Layer::ba, &Layer::rate, &Layer::dt_bias, &Layer::decay, &Layer::beta});
  shorter("delta_gates", {&Layer::rate, &Layer::dt_bias});
  refuses("delta_gates", [](Layer& layer) { layer.heads.key_width = 0; });
  narrower("delta_rule", {&Layer::state_before, &Layer::state_after, &Layer::core});
  shorter("delta_rule", {&Layer::state_before, &Layer::state_after});
  refuses("delta_rule", [](Layer& layer) { ++layer.heads.key_width; });
  narrower("gated_rms_norm", {&Layer::weight, &Layer::z, &Layer::out});
  shorter("gated_rms_norm", {&Layer::weight});
}
