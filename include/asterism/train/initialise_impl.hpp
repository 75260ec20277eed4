// Bodies of initialise.hpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/train/initialise.hpp"

namespace asterism::train {

namespace detail {

/// About normal with mean 0 and variance 1: the sum of twelve uniform 32-bit integers, less its mean.
inline double nearly_normal(Random& random) {
  std::uint64_t sum = 0;
  for (int i = 0; i < 6; ++i) {
    const std::uint64_t two = random();
    sum += (two >> 32U) + (two & 0xFFFFFFFFU);
  }
  constexpr std::int64_t mean = std::int64_t{6} * 0xFFFFFFFF;
  return static_cast<double>(static_cast<std::int64_t>(sum) - mean) * 0x1p-32;
}

inline bool is_bias(model::Role role) {
  using model::Role;
  return role == Role::query_bias || role == Role::key_bias || role == Role::value_bias ||
         role == Role::output_bias || role == Role::router_bias;
}

inline bool adds_to_residual(model::Role role) {
  using model::Role;
  return role == Role::output || role == Role::down || role == Role::dense_down;
}

inline void fill_embedding(const MatrixView<float>& weights, const Initial& initial, Random& random) {
  std::vector<double> shared(weights.cols);
  for (double& value : shared) value = static_cast<double>(initial.shared) * nearly_normal(random);
  for (std::size_t r = 0; r < weights.rows; ++r) {
    for (std::size_t c = 0; c < weights.cols; ++c) {
      // Rounded before the sum, so that no compiler fuses both.
      const auto own = static_cast<float>(static_cast<double>(initial.embedding) * nearly_normal(random));
      weights.data[r * weights.cols + c] = own + static_cast<float>(shared[c]);
    }
  }
}

}  // namespace detail

ASTERISM_INLINE void initialise(View<const Parameter> parameters, const Shape& shape, const Initial& initial) {
  if (!(initial.embedding > 0)) {
    throw InvalidArgument(
        concat("the embedding's standard deviation is ", initial.embedding, ", expected more than 0"));
  }
  if (!(initial.shared >= 0)) {
    throw InvalidArgument(
        concat("the shared row's standard deviation is ", initial.shared, ", expected 0 or more"));
  }
  Random random(initial.seed);
  const double residual = 0.5 / std::sqrt(2.0 * shape.layers);
  std::size_t next = 0;
  model::for_each_weight_id(shape, !shape.tied_head, [&](const model::WeightId& id) {
    const model::WeightInfo& info = model::info_of(shape.architecture, id.role);
    const auto rows = static_cast<std::size_t>(model::size_of(info.rows, shape));
    const auto cols = static_cast<std::size_t>(model::size_of(info.cols, shape));
    if (next == parameters.size || parameters[next].weights.rows != rows ||
        parameters[next].weights.cols != cols) {
      throw InvalidArgument(concat("parameter ", next,
                                   next < parameters.size ? " (" + parameters[next].name + ")" : "",
                                   " is not that of the shape: expected (", rows, ", ", cols, ")"));
    }
    const Parameter& parameter = parameters[next++];
    if (info.is_vector()) {
      for (float& value : parameter.values()) value = detail::is_bias(id.role) ? 0.0F : 1.0F;
    } else if (id.role == model::Role::embedding) {
      detail::fill_embedding(parameter.weights, initial, random);
    } else {
      const double scale =
          (detail::adds_to_residual(id.role) ? residual : 1.0) / std::sqrt(static_cast<double>(cols));
      for (float& value : parameter.values()) value = static_cast<float>(scale * detail::nearly_normal(random));
    }
    parameter.refresh();
  });
  if (next != parameters.size) {
    throw InvalidArgument(concat(parameters.size, " parameters, the shape has ", next, " weights"));
  }
}

}  // namespace asterism::train
