// Mean and spread of a row, as layer normalisation and its gradient take them.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/linalg/lanes.hpp"

namespace asterism::linalg::detail {

struct Moments {
  float mean;
  float scale;  ///< 1 / sqrt(variance + epsilon)
};

/// The variance from the differences to the mean: a second pass, which loses nothing where the mean is large.
inline Moments moments(View<const float> x, float epsilon) {
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
  return {mean, 1.0F / std::sqrt(sum(squares) / static_cast<float>(x.size) + epsilon)};
}

}  // namespace asterism::linalg::detail
