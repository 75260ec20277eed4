// The laws of backend::RecurrentOps, the optional family of a backend for Gated DeltaNet:
//
//   TEST_CASE("my backend obeys the recurrent laws") { laws::recurrent<MyBackend>(); }
//
// Needs doctest. Like backend_laws.hpp it asks with small sizes; the tests of each backend try more of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/concept.hpp"
#include "asterism/backend/delta_heads.hpp"
#include "asterism/core/error.hpp"

#include "laws/backend_laws.hpp"
#include "laws/law.hpp"
#include "support/naive_recurrent.hpp"

namespace asterism::laws {

/// The operands of a layer's recurrent part over some rows, with random values that the test knows.
template <backend::Backend B>
struct RecurrentLayer {
  static constexpr std::size_t rows = 7, kernel = 4, width = 6;
  static constexpr backend::DeltaHeads heads{
      .key_heads = 2, .value_heads = 4, .key_width = 10, .value_width = width};
  using Known = typename Laboratory<B>::template Known<float>;

  Laboratory<B>& lab;
  Known x = lab.normal(rows, heads.qkv_columns());
  Known taps = lab.normal(heads.qkv_columns(), kernel, 0.5F);
  Known rows_before = lab.normal(kernel - 1, heads.qkv_columns());
  Known ba = lab.normal(rows, 2 * heads.value_heads);
  Known rate = lab.known(1, heads.value_heads, std::vector<float>{-0.1F, -0.5F, -1, -3});
  Known dt_bias = lab.normal(1, heads.value_heads);
  Known state_before = lab.normal(heads.state_rows(), width);
  Known weight = lab.normal(1, width);
  Known z = lab.normal(rows, heads.value_columns());
  Known rows_after = lab.normal(kernel - 1, heads.qkv_columns());
  Known qkv = lab.normal(rows, heads.qkv_columns());
  Known decay = lab.normal(rows, heads.value_heads);
  Known beta = lab.normal(rows, heads.value_heads);
  Known state_after = lab.normal(heads.state_rows(), width);
  Known out = lab.normal(rows, heads.value_columns());

  /// Rows [first, first + count), from and to these states.
  void pass(std::size_t first, std::size_t count, const Known& taken, const Known& left, const Known& state_taken,
            const Known& state_left) {
    const auto some = [&](const Known& all) { return all.on_device.rows_at(first, count); };
    lab.device.causal_convolution(some(x), taps.on_device, taken.on_device, left.on_device, some(qkv));
    lab.device.delta_gates(heads, some(ba), rate.on_device, dt_bias.on_device, some(decay), some(beta));
    lab.device.delta_rule(heads, some(qkv), some(decay), some(beta), state_taken.on_device, state_left.on_device,
                          some(out));
    lab.device.gated_rms_norm(some(out), weight.on_device, 1e-6F, some(z), some(out));
  }
};

template <backend::Backend B>
  requires backend::RecurrentOps<B>
void recurrent_operations_are_the_naive_loops() {
  namespace naive = test::naive;
  Laboratory<B> lab;
  RecurrentLayer<B> layer{lab};
  constexpr auto heads = RecurrentLayer<B>::heads;
  const std::uint64_t allocations = lab.device.arena().allocations();
  layer.pass(0, layer.rows, layer.rows_before, layer.rows_after, layer.state_before, layer.state_after);
  lab.device.synchronize();
  lab.check_allocations(allocations);

  const auto known = [](const auto& matrix) {
    return naive::rows_of(matrix.values, matrix.on_device.rows(), matrix.on_device.cols());
  };
  naive::Rows rows = known(layer.rows_before);
  naive::Rows state = known(layer.state_before);
  const naive::Rows qkv = naive::causal_convolution(known(layer.x), known(layer.taps), rows);
  for (std::size_t t = 0; t < layer.rows; ++t) {
    lab.check_row("causal_convolution", layer.qkv.on_device, t, qkv[t]);
    const auto gates =
        naive::delta_gates(heads, known(layer.ba)[t], known(layer.rate)[0], known(layer.dt_bias)[0]);
    lab.check_row("delta_gates (decay)", layer.decay.on_device, t, gates.first);
    lab.check_row("delta_gates (beta)", layer.beta.on_device, t, gates.second);
    const naive::Row answer = naive::delta_rule(heads, qkv[t], gates.first, gates.second, state);
    lab.check_row("delta_rule and gated_rms_norm", layer.out.on_device, t,
                  naive::gated_rms_norm(answer, known(layer.weight)[0], 1e-6, known(layer.z)[t]));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    lab.check_row("causal_convolution (after)", layer.rows_after.on_device, i, rows[i]);
  }
  for (std::size_t i = 0; i < state.size(); ++i) {
    lab.check_row("delta_rule (after)", layer.state_after.on_device, i, state[i]);
  }
}

/// What a row gives, and the state after all, do not depend on the cut into passes, nor on whether the state stays
/// where it is.
template <backend::Backend B>
  requires backend::RecurrentOps<B>
void passes_may_be_cut_anywhere() {
  const Law law("a prompt has the same bits in any cut into passes", model_name<B>());
  Laboratory<B> lab;
  RecurrentLayer<B> layer{lab};
  layer.pass(0, layer.rows, layer.rows_before, layer.rows_after, layer.state_before, layer.state_after);
  const std::vector<float> out = lab.read(layer.out.on_device);
  const std::vector<float> rows = lab.read(layer.rows_after.on_device);
  const std::vector<float> state = lab.read(layer.state_after.on_device);
  for (std::size_t each = 1; each < layer.rows; ++each) {
    for (const bool in_place : {false, true}) {
      const auto a = lab.known(layer.kernel - 1, layer.x.on_device.cols(), layer.rows_before.values);
      const auto b = in_place ? a : lab.normal(layer.kernel - 1, layer.x.on_device.cols());
      const auto s = lab.known(layer.heads.state_rows(), layer.width, layer.state_before.values);
      const auto r = in_place ? s : lab.normal(layer.heads.state_rows(), layer.width);
      std::size_t passes = 0;
      for (std::size_t first = 0; first < layer.rows; first += each, ++passes) {
        const std::size_t count = layer.rows - first < each ? layer.rows - first : each;
        passes % 2 == 0 ? layer.pass(first, count, a, b, s, r) : layer.pass(first, count, b, a, r, s);
      }
      const char* const where = in_place ? ", in place" : ", from one state to another";
      law.same_bits(lab.read(layer.out.on_device), out, "answers of passes of ", each, where);
      law.same_bits(lab.read(passes % 2 == 0 ? a.on_device : b.on_device), rows, "rows after passes of ", each,
                    where);
      law.same_bits(lab.read(passes % 2 == 0 ? s.on_device : r.on_device), state, "state after passes of ", each,
                    where);
    }
  }
}

template <backend::Backend B>
  requires backend::RecurrentOps<B>
void other_devices_are_refused_by_recurrent_operations() {
  const Law law("operands of another device are refused with WrongDevice", model_name<B>());
  Laboratory<B> lab;
  B& device = lab.device;
  constexpr backend::DeltaHeads heads{.key_heads = 1, .value_heads = 1, .key_width = 1, .value_width = 1};
  const backend::Buffer& buffer = lab.draw(4096, 1);
  const auto one = backend::matrix_in<float>(buffer, 0, 1, 1);
  const auto two = backend::matrix_in<float>(buffer, 64, 1, 2);
  const auto three = backend::matrix_in<float>(buffer, 128, 1, 3);
  law.throws<WrongDevice>([&] { device.causal_convolution(one, two, one, one, one); }, "causal_convolution");
  law.throws<WrongDevice>([&] { device.delta_gates(heads, two, one, one, one, one); }, "delta_gates");
  law.throws<WrongDevice>([&] { device.delta_rule(heads, three, one, one, one, one, one); }, "delta_rule");
  law.throws<WrongDevice>([&] { device.gated_rms_norm(one, one, 1e-6F, one, one); }, "gated_rms_norm");
}

/// All of them.
template <backend::Backend B>
  requires backend::RecurrentOps<B>
void recurrent() {
  recurrent_operations_are_the_naive_loops<B>();
  passes_may_be_cut_anywhere<B>();
  other_devices_are_refused_by_recurrent_operations<B>();
}

}  // namespace asterism::laws
