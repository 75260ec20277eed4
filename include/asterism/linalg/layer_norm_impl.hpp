// Bodies of layer_norm.hpp.
#pragma once

#include <cstddef>

#include "asterism/linalg/layer_norm.hpp"
#include "asterism/linalg/moments.hpp"

namespace asterism::linalg {

ASTERISM_INLINE void layer_norm(View<const float> x, View<const float> weight, View<const float> bias,
                                float epsilon, View<float> y) {
  const detail::Moments of = detail::moments(x, epsilon);
  for (std::size_t i = 0; i < x.size; ++i) {
    y.data[i] = weight.data[i] * ((x.data[i] - of.mean) * of.scale) + bias.data[i];
  }
}

}  // namespace asterism::linalg
