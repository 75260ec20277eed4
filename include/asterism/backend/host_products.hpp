// Products on the CPU: how their work is cut, and in which precision activations meet the weights.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/activation.hpp"
#include "asterism/simd/integer_product.hpp"
#include "asterism/simd/product.hpp"
#include "asterism/simd/silu.hpp"

namespace asterism::backend {

/// Outputs that one tile of the work computes, of a matrix (rows, cols): a sixteenth of them, but no fewer than 64 and no
/// more than a second-level cache holds in 4 bits. A multiple of 64, fixed by shape, so that threads never change a
/// result.
constexpr std::size_t tile_outputs(std::size_t rows, std::size_t cols) {
  constexpr std::size_t weights = std::size_t{1} << 20U;
  const std::size_t most = cols == 0 ? 64 : weights / cols / 64 * 64;
  const std::size_t wanted = (rows / 16 + 63) / 64 * 64;
  return wanted < 64 || most < 64 ? 64 : wanted < most ? wanted : most;
}

/// The products of a host device. Operands have been checked. For one thread at a time.
///
/// @tparam Activation  quant::ActivationExact or quant::Activation8
template <class Execution, class Activation>
class HostProducts {
 public:
  static constexpr bool in_integers = std::same_as<Activation, quant::Activation8>;
  static_assert(in_integers || std::same_as<Activation, quant::ActivationExact>,
                "the activation policies are quant::ActivationExact and quant::Activation8");

  explicit HostProducts(Execution& execution) : execution_(&execution) {}

  /// Bytes that products of `rows` rows of `cols` columns need beside their operands, and experts that wide: the rows
  /// that go in and those inside.
  static constexpr Bytes scratch(std::size_t rows, std::size_t cols) {
    return in_integers ? simd::Rows8::bytes(rows, cols) * 2 : Bytes{0};
  }

  /// Takes memory for that; the largest is used.
  void keep(Buffer scratch) {
    scratches_.push_back(std::move(scratch));
    if (scratches_.back().size() > scratches_.front().size()) std::swap(scratches_.back(), scratches_.front());
  }

  /// y = x W^T for every product of the list, all at once.
  template <class Format>
  void multiply(View<const Product<Format>> products, MatrixView<const float> x) {
    if (x.rows == 0 || products.size == 0) return;
    std::size_t all = 0;
    for (const auto& product : products) all += tiles(product.weights);
    with_activations(products[0].weights, x, [&](const auto& rows) {
      execution_->for_each_tile(all, [&](std::size_t tile) {
        const Product<Format>* product = products.data;
        while (tile >= tiles(product->weights)) tile -= tiles(product++->weights);
        multiply_tile(product->weights, tile, rows, product->y.view);
      });
    });
  }

  /// y(s, :) = x(s, :) W_e^T for the slots s of every expert e.
  template <class Format>
  void multiply_groups(View<const DeviceWeights<Format>> weights, const Groups& groups, MatrixView<const float> x,
                       MatrixView<float> y) {
    for_each_group(weights, groups, x, [&](std::size_t e, std::size_t tile, const auto& rows, auto slots) {
      multiply_tile(weights[e], tile, rows, y.rows_from(slots.first, slots.count));
    });
  }

  /// y(s, :) = down_e (silu(gate_e x(s, :)) * up_e x(s, :)): two passes over the threads, one for each stage. In the
  /// first a tile computes the same outputs of gate and up, their activation, and its 8-bit integers. gate and up (slots,
  /// ffn) are scratch; y may be x.
  template <class Format>
  void multiply_swiglu(const Experts<Format>& experts, const Groups& groups, MatrixView<const float> x,
                       MatrixView<float> gate, MatrixView<float> up, MatrixView<float> y) {
    if (x.rows == 0) return;
    simd::Rows8 inner;
    if (in_integers_with(experts.down[0])) inner = rows8(1, x.rows, gate.cols, experts.down[0]);
    for_each_group(experts.gate, groups, x, [&](std::size_t e, std::size_t tile, const auto& rows, Slots slots) {
      multiply_tile(experts.gate[e], tile, rows, gate.rows_from(slots.first, slots.count));
      multiply_tile(experts.up[e], tile, rows, up.rows_from(slots.first, slots.count));
      const std::size_t first = tile * step_of(experts.gate[e]);
      const std::size_t count = outputs_of(experts.gate[e], tile);
      for (std::size_t s = slots.first; s < slots.first + slots.count; ++s) {
        const View<float> part = gate.row(s).part(first, count);
        simd::silu_multiply(part, up.row(s).part(first, count), part);
        if (inner.codes != nullptr) simd::to_activations8(gate.row(s).data, inner, s, first, count);
      }
    });
    const auto answer = [&](std::size_t e, std::size_t tile, const auto& rows, Slots slots) {
      multiply_tile(experts.down[e], tile, rows, y.rows_from(slots.first, slots.count));
    };
    if constexpr (in_integers && simd::IntegerFormat<Format>) {
      if (inner.codes != nullptr) return for_each_tile_of_groups(experts.down, groups, inner, answer);
    }
    for_each_tile_of_groups(experts.down, groups, MatrixView<const float>(gate), answer);
  }

 private:
  /// The slots of one expert.
  struct Slots {
    std::size_t first = 0;
    std::size_t count = 0;
  };

  /// Rows below this many values are turned to integers where they are: a thread would not be awake before.
  static constexpr std::size_t few_values = std::size_t{1} << 15U;

  template <class Format>
  static std::size_t step_of(const DeviceWeights<Format>& weights) {
    return tile_outputs(static_cast<std::size_t>(weights.rows), static_cast<std::size_t>(weights.cols));
  }
  template <class Format>
  static std::size_t tiles(const DeviceWeights<Format>& weights) {
    return (static_cast<std::size_t>(weights.rows) + step_of(weights) - 1) / step_of(weights);
  }
  template <class Format>
  static std::size_t outputs_of(const DeviceWeights<Format>& weights, std::size_t tile) {
    const std::size_t rest = static_cast<std::size_t>(weights.rows) - tile * step_of(weights);
    return rest < step_of(weights) ? rest : step_of(weights);
  }

  template <class Format, class Rows>
  static void multiply_tile(const DeviceWeights<Format>& weights, std::size_t tile, const Rows& rows,
                            MatrixView<float> y) {
    const std::size_t first = tile * step_of(weights);
    simd::product(weights.tiled(), rows, y, first, outputs_of(weights, tile));
  }

  /// Calls f(expert, tile, the rows of its slots, slots) for every tile of every expert that has slots. The weights are
  /// all of one shape.
  template <class Format, class Rows, class F>
  void for_each_tile_of_groups(View<const DeviceWeights<Format>> weights, const Groups& groups, const Rows& rows,
                               F&& f) {
    const std::size_t each = tiles(weights[0]);
    execution_->for_each_tile(each * weights.size, [&](std::size_t tile) {
      const std::size_t e = tile / each;
      const auto first = static_cast<std::size_t>(groups.offsets[e]);
      const Slots slots{first, static_cast<std::size_t>(groups.offsets[e + 1]) - first};
      if (slots.count > 0) f(e, tile % each, rows.rows_from(slots.first, slots.count), slots);
    });
  }

  /// The same with the rows of x as the products take them.
  template <class Format, class F>
  void for_each_group(View<const DeviceWeights<Format>> weights, const Groups& groups, MatrixView<const float> x,
                      F&& f) {
    if (x.rows == 0) return;
    with_activations(weights[0], x, [&](const auto& rows) { for_each_tile_of_groups(weights, groups, rows, f); });
  }

  /// Calls f with the rows as the products with `weights` take them.
  template <class Format, class F>
  void with_activations(const DeviceWeights<Format>& weights, MatrixView<const float> x, F&& f) {
    if constexpr (in_integers && simd::IntegerFormat<Format>) {
      if (in_integers_with(weights)) return f(to_integers(x, rows8(0, x.rows, x.cols, weights)));
    }
    f(x);
  }

  template <class Format>
  static bool in_integers_with(const DeviceWeights<Format>& weights) {
    return in_integers && simd::has_integer_product(weights.tiled());
  }

  /// The first or second rows of 8-bit activations in the scratch, in the order that the weights want.
  template <class Format>
  simd::Rows8 rows8([[maybe_unused]] std::size_t which, [[maybe_unused]] std::size_t rows,
                    [[maybe_unused]] std::size_t cols, const DeviceWeights<Format>& /*weights*/) {
    if constexpr (in_integers && simd::IntegerFormat<Format>) {
      const Bytes each = simd::Rows8::bytes(rows, cols);
      if (scratches_.empty() || scratches_.front().size() < each * 2) {
        throw InvalidArgument(concat("a product of ", rows, " rows of ", cols, " activations in 8 bits needs ",
                                     to_string(each * 2), " of scratch: reserve(", rows, ", ", cols,
                                     ") on this device first"));
      }
      std::byte* memory = scratches_.front().data() + which * aligned_half();
      return simd::Rows8::in(memory, rows, cols, simd::paired_activations<Format>);
    } else {
      return {};
    }
  }
  std::uint64_t aligned_half() const { return scratches_.front().size().count / 2 / alignment * alignment; }

  simd::Rows8 to_integers(MatrixView<const float> x, const simd::Rows8& rows) {
    const auto convert = [&](std::size_t i) { simd::to_activations8(x.row(i).data, rows, i, 0, x.cols); };
    if (x.rows * x.cols < few_values) {
      for (std::size_t i = 0; i < x.rows; ++i) convert(i);
    } else {
      execution_->for_each_tile(x.rows, convert);
    }
    return rows;
  }

  Execution* execution_;
  std::vector<Buffer> scratches_;  ///< the largest first
};

}  // namespace asterism::backend
