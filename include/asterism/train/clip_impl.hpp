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

inline void check_limit(double limit) {
  if (!(limit > 0)) throw InvalidArgument(concat("the norm of gradients needs a limit above 0, found ", limit));
}

}  // namespace detail

ASTERISM_INLINE GradientNorm measure_gradients(const parallel::ExecutionRef& execution,
                                               View<const Parameter> parameters, View<double> scratch) {
  double total = 0;
  for (const Parameter& parameter : parameters) {
    if (parameter.kind == Kind::bias) continue;
    const Gradient& slope = parameter.slope();
    const std::size_t pieces = norm_pieces(slope.size());
    if (pieces > scratch.size) {
      throw InvalidArgument(concat("gradient_norm: '", parameter.name, "' needs scratch for ", pieces,
                                   " pieces, found ", scratch.size,
                                   "; norm_pieces of the largest tensor says how many"));
    }
    execution.for_each_task(pieces, [&](std::size_t piece) {
      const std::size_t first = piece * piece_elements;
      double& sum = scratch[piece];
      sum = 0;
      slope.for_each_block(first, std::min(slope.size(), first + piece_elements),
                           [&](std::size_t, const float* values, std::size_t count) {
                             sum += detail::sum_of_squares(values, count);
                           });
    });
    double sum = 0;
    for (std::size_t piece = 0; piece < pieces; ++piece) sum += scratch[piece];
    if (!std::isfinite(sum)) return {.value = sum, .not_finite = &parameter};
    total += sum;
  }
  return {.value = std::sqrt(total)};
}

ASTERISM_INLINE void refuse_gradient(const Parameter& parameter, std::int64_t step) {
  throw NumericError(
      concat("step ", step, ": the gradient of '", parameter.name,
             "' has NaN or infinity; a lower learning rate or a smaller limit of the norm may help"));
}

ASTERISM_INLINE double gradient_norm(const parallel::ExecutionRef& execution, View<const Parameter> parameters,
                                     std::int64_t step, View<double> scratch) {
  const GradientNorm norm = measure_gradients(execution, parameters, scratch);
  if (norm.not_finite != nullptr) refuse_gradient(*norm.not_finite, step);
  return norm.value;
}

ASTERISM_INLINE void limit_gradients(View<Parameter> parameters, double norm, double limit) {
  detail::check_limit(limit);
  if (norm <= limit) return;
  for (Parameter& parameter : parameters) {
    if (parameter.kind == Kind::bias) continue;
    parameter.gradient.factor =
        static_cast<float>(static_cast<double>(parameter.gradient.factor) * (limit / norm));
  }
}

ASTERISM_INLINE double clip_gradients(const parallel::ExecutionRef& execution, View<Parameter> parameters,
                                      double limit, std::int64_t step, View<double> scratch) {
  detail::check_limit(limit);
  const double norm = gradient_norm(execution, parameters, step, scratch);
  limit_gradients(parameters, norm, limit);
  return norm;
}

}  // namespace asterism::train
