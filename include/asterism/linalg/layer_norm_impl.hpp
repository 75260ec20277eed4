// Bodies of layer_norm.hpp.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/linalg/lanes.hpp"
#include "asterism/linalg/layer_norm.hpp"

namespace asterism::linalg {

ASTERISM_INLINE void layer_norm(View<const float> x, View<const float> weight, View<const float> bias,
                                float epsilon, View<float> y) {
  using namespace detail;
  const std::size_t whole = x.size / lanes * lanes;
  Lanes sums;
  for (std::size_t i = 0; i < whole; i += lanes) sums = sums + load(x.data + i);
  if (whole < x.size) sums = sums + load(x.data, whole, x.size, 0.0F);
  const float mean = sum(sums) / static_cast<float>(x.size);
  Lanes squares;
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Lanes piece = load(x.data + i) - mean;
    squares = squares + piece * piece;
  }
  if (whole < x.size) {
    const Lanes piece = load(x.data, whole, x.size, mean) - mean;
    squares = squares + piece * piece;
  }
  const float scale = 1.0F / std::sqrt(sum(squares) / static_cast<float>(x.size) + epsilon);
  for (std::size_t i = 0; i < x.size; ++i) {
    y.data[i] = weight.data[i] * ((x.data[i] - mean) * scale) + bias.data[i];
  }
}

}  // namespace asterism::linalg
