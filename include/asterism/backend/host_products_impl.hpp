// Bodies of host_products.hpp.
#pragma once

#include <algorithm>
#include <utility>

#include "asterism/backend/host_products.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/simd/silu.hpp"

namespace asterism::backend {

/// The slots of one expert.
struct HostProducts::Slots {
  std::size_t expert = 0;
  std::size_t first = 0;
  std::size_t count = 0;
};
/// Some outputs of a matrix.
struct HostProducts::Part {
  std::size_t first = 0;
  std::size_t count = 0;
};

namespace detail {

/// Maximum weights computed at once: in 4 bits they stay in a second-level cache while many rows pass.
inline constexpr std::size_t most_weights = std::size_t{1} << 20U;

/// At most this many rows, reading weights is the bottleneck, so threads take long contiguous pieces. Many rows are cut
/// evenly, since some experts have more of them than others.
inline constexpr std::size_t few_rows = 16;

/// Fewer values than this are quantized on the calling thread; waking a worker takes longer.
inline constexpr std::size_t few_values = std::size_t{1} << 15U;

template <class Part>
void multiply_part(const WeightKernels& kernels, const UntypedWeights& weights, MatrixView<const float> rows,
                   MatrixView<float> y, Part part) {
  kernels.product(weights, rows, y, part.first, part.count);
}
template <class Part>
void multiply_part(const WeightKernels& kernels, const UntypedWeights& weights, const simd::Rows8& rows,
                   MatrixView<float> y, Part part) {
  kernels.integer_product(weights, rows, y, part.first, part.count);
}

}  // namespace detail

ASTERISM_INLINE void HostProducts::keep(Buffer scratch) {
  scratches_.push_back(std::move(scratch));
  if (scratches_.back().size() > scratches_.front().size()) std::swap(scratches_.back(), scratches_.front());
}

ASTERISM_INLINE void HostProducts::multiply(const WeightKernels& kernels, const ListOf<UntypedProduct>& products,
                                            MatrixView<const float> x) {
  if (x.rows == 0 || products.size() == 0) return;
  with_activations(kernels, products[0].weights, x, [&](const auto& rows) {
    const auto outputs_of = [&](std::size_t i) { return static_cast<std::size_t>(products[i].weights.rows); };
    for_each_part(products.size(), x.rows, x.cols, outputs_of, [&](std::size_t i, Part part) {
      const UntypedProduct one = products[i];
      detail::multiply_part(kernels, one.weights, rows, one.y, part);
    });
  });
}

ASTERISM_INLINE void HostProducts::multiply_groups(const WeightKernels& kernels,
                                                   const ListOf<UntypedWeights>& weights,
                                                   const ExpertGroups& groups, MatrixView<const float> x,
                                                   MatrixView<float> y) {
  if (x.rows == 0) return;
  with_activations(kernels, weights[0], x, [&](const auto& rows) {
    for_each_part_of_groups(weights, groups, rows, [&](const Slots& slots, const auto& in, Part part) {
      detail::multiply_part(kernels, weights[slots.expert], in, y.rows_at(slots.first, slots.count), part);
    });
  });
}

ASTERISM_INLINE void HostProducts::multiply_swiglu(const WeightKernels& kernels, const Gated& experts,
                                                   const ExpertGroups& groups, MatrixView<const float> x,
                                                   MatrixView<float> gate, MatrixView<float> up,
                                                   MatrixView<float> y) {
  if (x.rows == 0) return;
  simd::Rows8 inner;
  if (in_integers(kernels, experts.down[0])) inner = rows8(1, x.rows, gate.cols, kernels.paired);
  with_activations(kernels, experts.gate[0], x, [&](const auto& rows) {
    for_each_part_of_groups(experts.gate, groups, rows, [&](const Slots& slots, const auto& in, Part part) {
      const auto gates = gate.rows_at(slots.first, slots.count);
      const auto ups = up.rows_at(slots.first, slots.count);
      detail::multiply_part(kernels, experts.gate[slots.expert], in, gates, part);
      detail::multiply_part(kernels, experts.up[slots.expert], in, ups, part);
      for (std::size_t s = slots.first; s < slots.first + slots.count; ++s) {
        const View<float> row = gate.row(s).subview(part.first, part.count);
        simd::silu_multiply(row, up.row(s).subview(part.first, part.count), row);
        if (inner.codes != nullptr) simd::to_activations8(gate.row(s).data, inner, s, part.first, part.count);
      }
    });
  });
  const auto answer = [&](const Slots& slots, const auto& in, Part part) {
    detail::multiply_part(kernels, experts.down[slots.expert], in, y.rows_at(slots.first, slots.count), part);
  };
  if (inner.codes != nullptr) return for_each_part_of_groups(experts.down, groups, inner, answer);
  for_each_part_of_groups(experts.down, groups, MatrixView<const float>(gate), answer);
}

/// Calls f(i, part) on all threads for parts that cover all outputs_of(i) outputs of `matrices` matrices of `cols`
/// columns, each multiplied with `rows` rows.
template <class OutputsOf, class F>
void HostProducts::for_each_part(std::size_t matrices, std::size_t rows, std::size_t cols, OutputsOf&& outputs_of,
                                 F&& f) {
  const std::size_t step = tile_outputs(cols);
  const std::size_t most =
      std::max<std::size_t>(1, detail::most_weights / (step * std::max<std::size_t>(1, cols)));
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
  if (rows <= detail::few_rows) return execution_.for_each_range(all, piece);
  execution_.for_each_tile((all + most - 1) / most,
                           [&](std::size_t i) { piece(i * most, std::min(all, (i + 1) * most)); });
}

/// Calls f(slots, their rows, part) for parts that cover the outputs of every expert that has slots. All weights
/// have the same shape.
template <class Rows, class F>
void HostProducts::for_each_part_of_groups(const ListOf<UntypedWeights>& weights, const ExpertGroups& groups,
                                           const Rows& rows, F&& f) {
  const auto outputs = static_cast<std::size_t>(weights[0].rows);
  const auto slots_of = [&](std::size_t e) {
    const auto first = static_cast<std::size_t>(groups.offsets[e]);
    return Slots{e, first, static_cast<std::size_t>(groups.offsets[e + 1]) - first};
  };
  const auto outputs_of = [&](std::size_t e) { return slots_of(e).count == 0 ? std::size_t{0} : outputs; };
  for_each_part(weights.size(), rows.rows, rows.cols, outputs_of, [&](std::size_t e, Part part) {
    const Slots slots = slots_of(e);
    f(slots, rows.rows_at(slots.first, slots.count), part);
  });
}

/// Calls f with the rows in the form required by products with `weights`.
template <class F>
void HostProducts::with_activations(const WeightKernels& kernels, const UntypedWeights& weights,
                                    MatrixView<const float> x, F&& f) {
  if (in_integers(kernels, weights)) return f(to_integers(x, rows8(0, x.rows, x.cols, kernels.paired)));
  f(x);
}

/// The first or second rows of 8-bit activations in the scratch memory, in the order required by the weights.
ASTERISM_INLINE simd::Rows8 HostProducts::rows8(std::size_t which, std::size_t rows, std::size_t cols,
                                                bool paired) {
  const Bytes each = simd::Rows8::bytes(rows, cols);
  if (scratches_.empty() || scratches_.front().size() < each * 2) {
    throw InvalidArgument(concat("a product of ", rows, " rows of ", cols, " activations in 8 bits needs ",
                                 to_string(each * 2), " of scratch: reserve(", rows, ", ", cols,
                                 ") on this device first"));
  }
  const std::uint64_t half = scratches_.front().size().count / 2 / alignment * alignment;
  return simd::Rows8::in(scratches_.front().data() + which * half, rows, cols, paired);
}

ASTERISM_INLINE simd::Rows8 HostProducts::to_integers(MatrixView<const float> x, const simd::Rows8& rows) {
  const auto convert = [&](std::size_t i) { simd::to_activations8(x.row(i).data, rows, i, 0, x.cols); };
  if (x.rows * x.cols < detail::few_values) {
    for (std::size_t i = 0; i < x.rows; ++i) convert(i);
  } else {
    execution_.for_each_tile(x.rows, convert);
  }
  return rows;
}

}  // namespace asterism::backend
