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
struct HostProducts::OutputRange {
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

template <class Range>
void multiply_outputs(const UntypedWeights& weights, MatrixView<const float> rows, MatrixView<float> y,
                      Range range) {
  weights.kernels->product(weights, rows, y, range.first, range.count);
}
template <class Range>
void multiply_outputs(const UntypedWeights& weights, const simd::Rows8& rows, MatrixView<float> y, Range range) {
  weights.kernels->integer_product(weights, rows, y, range.first, range.count);
}

}  // namespace detail

ASTERISM_INLINE void HostProducts::keep(Buffer scratch) {
  scratches_.push_back(std::move(scratch));
  if (scratches_.back().size() > scratches_.front().size()) std::swap(scratches_.back(), scratches_.front());
}

ASTERISM_INLINE void HostProducts::multiply(const ListOf<UntypedProduct>& products, MatrixView<const float> x) {
  if (x.rows == 0) return;
  for (std::size_t first = 0; first < products.size();) first = multiply_from(first, products, x);
}

/// As many products from `first` on as scratch has orders of activations for, at once; returns the next.
ASTERISM_INLINE std::size_t HostProducts::multiply_from(std::size_t first, const ListOf<UntypedProduct>& products,
                                                        MatrixView<const float> x) {
  std::array<simd::Rows8, 2> integers;
  std::size_t orders = 0;
  const auto find = [&](const simd::ActivationOrder& order) {
    std::size_t i = 0;
    while (i < orders && integers[i].order != order) ++i;
    return i;
  };
  std::size_t end = first;
  for (; end < products.size(); ++end) {
    const UntypedWeights weights = products[end].weights;
    if (!in_integers(weights) || find(weights.kernels->order) < orders) continue;
    if (orders == integers.size()) break;
    integers[orders] = to_integers(x, rows8(orders, x.rows, x.cols, weights.kernels->order));
    ++orders;
  }
  const auto outputs_of = [&](std::size_t i) {
    return static_cast<std::size_t>(products[first + i].weights.rows);
  };
  for_each_output_range(
      end - first, x.rows, x.cols, simd::Rows8::unit, outputs_of, [&](std::size_t i, OutputRange range) {
        const UntypedProduct one = products[first + i];
        if (!in_integers(one.weights)) return detail::multiply_outputs(one.weights, x, one.y, range);
        detail::multiply_outputs(one.weights, integers[find(one.weights.kernels->order)], one.y, range);
      });
  return end;
}

ASTERISM_INLINE void HostProducts::multiply_groups(const ListOf<UntypedWeights>& weights,
                                                   const ExpertGroups& groups, MatrixView<const float> x,
                                                   MatrixView<float> y) {
  if (x.rows == 0) return;
  with_activations(weights[0], x, [&](const auto& rows) {
    for_each_range_in_groups(
        weights, groups, rows, simd::Rows8::unit, [&](const Slots& slots, const auto& in, OutputRange range) {
          detail::multiply_outputs(weights[slots.expert], in, y.rows_at(slots.first, slots.count), range);
        });
  });
}

ASTERISM_INLINE void HostProducts::multiply_swiglu(const Gated& experts, const ExpertGroups& groups,
                                                   MatrixView<const float> x, MatrixView<float> gate,
                                                   MatrixView<float> up, MatrixView<float> y) {
  if (x.rows == 0) return;
  if (!alike(experts.gate[0], experts.up[0])) {
    multiply_groups(experts.gate, groups, x, gate);
    multiply_groups(experts.up, groups, x, up);
    execution_.for_each_task(x.rows,
                             [&](std::size_t s) { simd::silu_multiply(gate.row(s), up.row(s), gate.row(s)); });
    return multiply_groups(experts.down, groups, gate, y);
  }
  const simd::ActivationOrder order = experts.down[0].kernels->order;
  simd::Rows8 inner;
  if (in_integers(experts.down[0])) inner = rows8(1, x.rows, gate.cols, order);
  with_activations(experts.gate[0], x, [&](const auto& rows) {
    for_each_range_in_groups(experts.gate, groups, rows, order.group,
                             [&](const Slots& slots, const auto& in, OutputRange range) {
                               const auto gates = gate.rows_at(slots.first, slots.count);
                               const auto ups = up.rows_at(slots.first, slots.count);
                               detail::multiply_outputs(experts.gate[slots.expert], in, gates, range);
                               detail::multiply_outputs(experts.up[slots.expert], in, ups, range);
                               for (std::size_t s = slots.first; s < slots.first + slots.count; ++s) {
                                 const View<float> row = gate.row(s).subview(range.first, range.count);
                                 simd::silu_multiply(row, up.row(s).subview(range.first, range.count), row);
                                 if (inner.codes != nullptr)
                                   simd::to_activations8(gate.row(s).data, inner, s, range.first, range.count);
                               }
                             });
  });
  const auto answer = [&](const Slots& slots, const auto& in, OutputRange range) {
    detail::multiply_outputs(experts.down[slots.expert], in, y.rows_at(slots.first, slots.count), range);
  };
  if (inner.codes != nullptr)
    return for_each_range_in_groups(experts.down, groups, inner, simd::Rows8::unit, answer);
  for_each_range_in_groups(experts.down, groups, MatrixView<const float>(gate), simd::Rows8::unit, answer);
}

/// Calls f(i, range) on all threads for ranges that cover all outputs_of(i) outputs of `matrices` matrices of `cols`
/// columns, each multiplied with `rows` rows. Ranges begin at multiples of `unit`.
template <class OutputsOf, class F>
void HostProducts::for_each_output_range(std::size_t matrices, std::size_t rows, std::size_t cols,
                                         std::size_t unit, OutputsOf&& outputs_of, F&& f) {
  const std::size_t step = task_outputs(cols, unit);
  const std::size_t most =
      std::max<std::size_t>(1, detail::most_weights / (step * std::max<std::size_t>(1, cols)));
  const auto tasks = [&](std::size_t i) { return (outputs_of(i) + step - 1) / step; };
  const auto piece = [&](std::size_t first, std::size_t end) {
    for (std::size_t i = 0, begin = 0; begin < end; begin += tasks(i), ++i) {
      const std::size_t last = std::min(end, begin + tasks(i));
      for (std::size_t task = std::max(first, begin); task < last; task += most) {
        const std::size_t from = (task - begin) * step;
        const std::size_t to = (std::min(last, task + most) - begin) * step;
        f(i, OutputRange{from, std::min(to, outputs_of(i)) - from});
      }
    }
  };
  std::size_t all = 0;
  for (std::size_t i = 0; i < matrices; ++i) all += tasks(i);
  if (rows <= detail::few_rows) return execution_.for_each_range(all, piece);
  execution_.for_each_task((all + most - 1) / most,
                           [&](std::size_t i) { piece(i * most, std::min(all, (i + 1) * most)); });
}

/// Calls f(slots, their rows, range) for ranges that cover the outputs of every expert that has slots and data, and
/// begin at multiples of `unit`. All weights have the same shape.
template <class Rows, class F>
void HostProducts::for_each_range_in_groups(const ListOf<UntypedWeights>& weights, const ExpertGroups& groups,
                                            const Rows& rows, std::size_t unit, F&& f) {
  const auto outputs = static_cast<std::size_t>(weights[0].rows);
  const auto slots_of = [&](std::size_t e) {
    const auto first = static_cast<std::size_t>(groups.offsets[e]);
    return Slots{e, first, static_cast<std::size_t>(groups.offsets[e + 1]) - first};
  };
  const auto outputs_of = [&](std::size_t e) {
    return slots_of(e).count == 0 || weights[e].data == nullptr ? std::size_t{0} : outputs;
  };
  for_each_output_range(weights.size(), rows.rows, rows.cols, unit, outputs_of,
                        [&](std::size_t e, OutputRange range) {
                          const Slots slots = slots_of(e);
                          f(slots, rows.rows_at(slots.first, slots.count), range);
                        });
}

/// Calls f with the rows in the form required by products with `weights`.
template <class F>
void HostProducts::with_activations(const UntypedWeights& weights, MatrixView<const float> x, F&& f) {
  if (in_integers(weights)) return f(to_integers(x, rows8(0, x.rows, x.cols, weights.kernels->order)));
  f(x);
}

/// The first or second rows of 8-bit activations in the scratch memory, in the order required by the weights.
ASTERISM_INLINE simd::Rows8 HostProducts::rows8(std::size_t which, std::size_t rows, std::size_t cols,
                                                simd::ActivationOrder order) {
  const Bytes each = simd::Rows8::bytes(rows, cols);
  if (scratches_.empty() || scratches_.front().size() < each * 2) {
    throw InvalidArgument(concat("a product of ", rows, " rows of ", cols, " activations in 8 bits needs ",
                                 to_string(each * 2), " of scratch: reserve(", rows, ", ", cols,
                                 ") on this device first"));
  }
  const std::uint64_t half = scratches_.front().size().count / 2 / alignment * alignment;
  return simd::Rows8::in(scratches_.front().data() + which * half, rows, cols, order);
}

ASTERISM_INLINE simd::Rows8 HostProducts::to_integers(MatrixView<const float> x, const simd::Rows8& rows) {
  const auto convert = [&](std::size_t i) { simd::to_activations8(x.row(i).data, rows, i, 0, x.cols); };
  if (x.rows * x.cols < detail::few_values) {
    for (std::size_t i = 0; i < x.rows; ++i) convert(i);
  } else {
    execution_.for_each_task(x.rows, convert);
  }
  return rows;
}

}  // namespace asterism::backend
