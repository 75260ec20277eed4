// Bodies of rms_norm.hpp.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/linalg/lanes.hpp"
#include "asterism/linalg/rms_norm.hpp"

namespace asterism::linalg {

ASTERISM_INLINE void rms_norm(View<const float> x, View<const float> weight, float epsilon, View<float> y) {
  using namespace detail;
  const std::size_t whole = x.size / lanes * lanes;
  Lanes squares;
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Lanes piece = load(x.data + i);
    squares = squares + piece * piece;
  }
  if (whole < x.size) {
    const Lanes piece = load(x.data, whole, x.size, 0.0F);
    squares = squares + piece * piece;
  }
  const float scale = 1.0F / std::sqrt(sum(squares) / static_cast<float>(x.size) + epsilon);
  for (std::size_t i = 0; i < x.size; ++i) y.data[i] = weight.data[i] * (x.data[i] * scale);
}

}  // namespace asterism::linalg
