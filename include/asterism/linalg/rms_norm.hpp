// Root-mean-square normalisation.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/linalg/eigen.hpp"

namespace asterism::linalg {

/// y_i = weight_i * x_i / sqrt(mean(x^2) + epsilon). All three have one size; y may be x. Computed in fp32.
/// Source: Zhang and Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019.
inline void rms_norm(View<const float> x, View<const float> weight, float epsilon, View<float> y) {
  using namespace detail;
  const std::size_t whole = x.size / lanes * lanes;
  Lanes squares = Lanes::Zero();
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Lanes piece = load(x.data + i);
    squares += piece * piece;
  }
  if (whole < x.size) {
    const Lanes piece = load(x.data, whole, x.size, 0.0F);
    squares += piece * piece;
  }
  const float scale = 1.0F / std::sqrt(sum(squares) / static_cast<float>(x.size) + epsilon);
  for (std::size_t i = 0; i < x.size; ++i) y.data[i] = weight.data[i] * (x.data[i] * scale);
}

}  // namespace asterism::linalg
