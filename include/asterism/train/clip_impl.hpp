// Bodies of clip.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/train/clip.hpp"

namespace asterism::train {

namespace detail {

/// Eight sums side by side, then one, in a fixed order: a compiler may use vectors, but no other order.
inline double sum_of_squares(const float* values, std::size_t count) {
  constexpr std::size_t lanes = 8;
  double sums[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t k = 0; k < lanes; ++k) {
      const double value = values[i + k];
      sums[k] += value * value;
    }
  }
  for (std::size_t k = 0; i < count; ++i, ++k) sums[k] += static_cast<double>(values[i]) * values[i];
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace detail

ASTERISM_INLINE double gradient_norm(const parallel::ExecutionRef& execution, View<const Parameter> parameters,
                                     std::int64_t step, View<double> scratch) {
  double total = 0;
  for (const Parameter& parameter : parameters) {
    if (parameter.kind == Kind::bias) continue;
    const View<float> slope = parameter.slope();
    const std::size_t pieces = norm_pieces(slope.size);
    if (pieces > scratch.size) {
      throw InvalidArgument(concat("gradient_norm: '", parameter.name, "' needs scratch for ", pieces,
                                   " pieces, found ", scratch.size,
                                   "; norm_pieces of the largest tensor says how many"));
    }
    execution.for_each_task(pieces, [&](std::size_t piece) {
      const std::size_t first = piece * piece_elements;
      const std::size_t count = std::min(piece_elements, slope.size - first);
      scratch[piece] = detail::sum_of_squares(slope.data + first, count);
    });
    double sum = 0;
    for (std::size_t piece = 0; piece < pieces; ++piece) sum += scratch[piece];
    if (!std::isfinite(sum)) {
      throw NumericError(
          concat("step ", step, ": the gradient of '", parameter.name,
                 "' has NaN or infinity; a lower learning rate or a smaller limit of the norm may help"));
    }
    total += sum;
  }
  return std::sqrt(total);
}

ASTERISM_INLINE double clip_gradients(const parallel::ExecutionRef& execution, View<const Parameter> parameters,
                                      double limit, std::int64_t step, View<double> scratch) {
  if (!(limit > 0)) throw InvalidArgument(concat("clip_gradients: a limit above 0, found ", limit));
  const double norm = gradient_norm(execution, parameters, step, scratch);
  if (norm <= limit) return norm;
  const auto scale = static_cast<float>(limit / norm);
  for (const Parameter& parameter : parameters) {
    if (parameter.kind == Kind::bias) continue;
    const View<float> slope = parameter.slope();
    execution.for_each_task(norm_pieces(slope.size), [&](std::size_t piece) {
      const std::size_t end = std::min(slope.size, (piece + 1) * piece_elements);
      for (std::size_t i = piece * piece_elements; i < end; ++i) slope.data[i] *= scale;
    });
  }
  return norm;
}

}  // namespace asterism::train
