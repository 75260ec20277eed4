// Products on the CPU: how their work is cut, and in which precision activations meet the weights.
#pragma once

#include <algorithm>
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

/// Outputs of the smallest piece of the work on a matrix of `cols` columns, a multiple of 32: what a thread reads from
/// memory in some microseconds. Fixed by shape, so that threads never change a result.
constexpr std::size_t tile_outputs(std::size_t cols) {
  constexpr std::size_t weights = std::size_t{1} << 17U;
  return cols == 0 || weights / cols < 32 ? 32 : weights / cols / 32 * 32;
}

/// The products of a host device. Operands have been checked. For one thread at a time.
///
/// @tparam Activation  quant::Float32Activations or quant::Int8Activations
template <class Execution, class Activation>
class HostProducts {
 public:
  static constexpr bool in_integers = std::same_as<Activation, quant::Int8Activations>;
  static_assert(in_integers || std::same_as<Activation, quant::Float32Activations>,
                "the activation policies are quant::Float32Activations and quant::Int8Activations");

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
    with_activations(products[0].weights, x, [&](const auto& rows) {
      const auto outputs_of = [&](std::size_t i) { return static_cast<std::size_t>(products[i].weights.rows); };
      for_each_part(products.size, x.rows, x.cols, outputs_of, [&](std::size_t i, Part part) {
        multiply_part(products[i].weights, rows, products[i].y.view, part);
      });
    });
  }

  /// y(s, :) = x(s, :) W_e^T for the slots s of every expert e.
  template <class Format>
  void multiply_groups(View<const DeviceWeights<Format>> weights, const ExpertGroups& groups,
                       MatrixView<const float> x, MatrixView<float> y) {
    if (x.rows == 0) return;
    with_activations(weights[0], x, [&](const auto& rows) {
      for_each_part_of_groups(weights, groups, rows, [&](const Slots& slots, const auto& in, Part part) {
        multiply_part(weights[slots.expert], in, y.rows_at(slots.first, slots.count), part);
      });
    });
  }

  /// y(s, :) = down_e (silu(gate_e x(s, :)) * up_e x(s, :)): two passes over the threads, one for each stage. In the
  /// first a tile computes the same outputs of gate and up, their activation, and its 8-bit integers. gate and up (slots,
  /// ffn) are scratch; y may be x.
  template <class Format>
  void multiply_swiglu(const Experts<Format>& experts, const ExpertGroups& groups, MatrixView<const float> x,
                       MatrixView<float> gate, MatrixView<float> up, MatrixView<float> y) {
    if (x.rows == 0) return;
    simd::Rows8 inner;
    if (in_integers_with(experts.down[0])) inner = rows8(1, x.rows, gate.cols, experts.down[0]);
    with_activations(experts.gate[0], x, [&](const auto& rows) {
      for_each_part_of_groups(experts.gate, groups, rows, [&](const Slots& slots, const auto& in, Part part) {
        multiply_part(experts.gate[slots.expert], in, gate.rows_at(slots.first, slots.count), part);
        multiply_part(experts.up[slots.expert], in, up.rows_at(slots.first, slots.count), part);
        for (std::size_t s = slots.first; s < slots.first + slots.count; ++s) {
          const View<float> row = gate.row(s).subview(part.first, part.count);
          simd::silu_multiply(row, up.row(s).subview(part.first, part.count), row);
          if (inner.codes != nullptr) simd::to_activations8(gate.row(s).data, inner, s, part.first, part.count);
        }
      });
    });
    const auto answer = [&](const Slots& slots, const auto& in, Part part) {
      multiply_part(experts.down[slots.expert], in, y.rows_at(slots.first, slots.count), part);
    };
    if constexpr (in_integers && simd::IntegerFormat<Format>) {
      if (inner.codes != nullptr) return for_each_part_of_groups(experts.down, groups, inner, answer);
    }
    for_each_part_of_groups(experts.down, groups, MatrixView<const float>(gate), answer);
  }

 private:
  /// The slots of one expert.
  struct Slots {
    std::size_t expert = 0;
    std::size_t first = 0;
    std::size_t count = 0;
  };
  /// Some outputs of a matrix.
  struct Part {
    std::size_t first = 0;
    std::size_t count = 0;
  };

  /// Weights that are computed at once: in 4 bits they stay in a second-level cache while many rows pass.
  static constexpr std::size_t most_weights = std::size_t{1} << 20U;

  /// Up to so many rows, what costs is to read the weights: in long pieces. Many rows are cut evenly, since some experts
  /// have more of them than others.
  static constexpr std::size_t few_rows = 16;

  /// Rows below this many values are turned to integers where they are: a thread would not be awake before.
  static constexpr std::size_t few_values = std::size_t{1} << 15U;

  template <class Format, class Rows>
  static void multiply_part(const DeviceWeights<Format>& weights, const Rows& rows, MatrixView<float> y,
                            Part part) {
    simd::product(weights.kernel_matrix(), rows, y, part.first, part.count);
  }

  /// Calls f(i, part) on all threads for parts that cover all outputs_of(i) outputs of `matrices` matrices of `cols`
  /// columns, which meet `rows` rows.
  template <class OutputsOf, class F>
  void for_each_part(std::size_t matrices, std::size_t rows, std::size_t cols, OutputsOf&& outputs_of, F&& f) {
    const std::size_t step = tile_outputs(cols);
    const std::size_t most = std::max<std::size_t>(1, most_weights / (step * std::max<std::size_t>(1, cols)));
    const auto tiles = [&](std::size_t i) { return (outputs_of(i) + step - 1) / step; };
    const auto piece = [&](std::size_t first, std::size_t end) {
      for (std::size_t i = 0, begin = 0; begin < end; begin += tiles(i), ++i) {
        const std::size_t last = std::min(end, begin + tiles(i));
        for (std::size_t tile = std::max(first, begin); tile < last; tile += most) {
          const std::size_t from = (tile - begin) * step;
          const std::size_t to = (std::min(last, tile + most) - begin) * step;
          f(i, Part{from, std::min(to, outputs_of(i)) - from});
        }
      }
    };
    std::size_t all = 0;
    for (std::size_t i = 0; i < matrices; ++i) all += tiles(i);
    if (rows <= few_rows) return execution_->for_each_range(all, piece);
    execution_->for_each_tile((all + most - 1) / most,
                              [&](std::size_t i) { piece(i * most, std::min(all, (i + 1) * most)); });
  }

  /// Calls f(slots, their rows, part) for parts that cover the outputs of every expert that has slots. The weights are
  /// all of one shape.
  template <class Format, class Rows, class F>
  void for_each_part_of_groups(View<const DeviceWeights<Format>> weights, const ExpertGroups& groups,
                               const Rows& rows, F&& f) {
    const auto slots_of = [&](std::size_t e) {
      const auto first = static_cast<std::size_t>(groups.offsets[e]);
      return Slots{e, first, static_cast<std::size_t>(groups.offsets[e + 1]) - first};
    };
    const auto outputs_of = [&](std::size_t e) {
      return slots_of(e).count == 0 ? std::size_t{0} : static_cast<std::size_t>(weights[e].rows);
    };
    for_each_part(weights.size, rows.rows, rows.cols, outputs_of, [&](std::size_t e, Part part) {
      const Slots slots = slots_of(e);
      f(slots, rows.rows_at(slots.first, slots.count), part);
    });
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
    return in_integers && simd::has_integer_product(weights.kernel_matrix());
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
