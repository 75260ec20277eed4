// Rotary position embedding.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"

namespace asterism::linalg {

/// Cosines, then sines, of the angles position * theta^(-2i/d), i < d/2; `table` has d elements, d even.
/// The angles are fp32 products, as in the reference implementations.
/// Source: Su et al., RoFormer, arXiv 2104.09864.
inline void rotary_table(std::int32_t position, double theta, View<float> table) {
  const std::size_t half = table.size / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const double exponent = static_cast<double>(2 * i) / static_cast<double>(table.size);
    const auto frequency = static_cast<float>(1.0 / std::pow(theta, exponent));
    const float angle = static_cast<float>(position) * frequency;
    table.data[i] = std::cos(angle);
    table.data[half + i] = std::sin(angle);
  }
}

/// Rotates each pair (x_i, x_{i + d/2}) of one head by the angle of its table, in place ("rotate half").
inline void rotate_half(View<float> head, View<const float> table) {
  const std::size_t half = head.size / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const float cosine = table.data[i];
    const float sine = table.data[half + i];
    const float a = head.data[i];
    const float b = head.data[half + i];
    head.data[i] = a * cosine - b * sine;
    head.data[half + i] = b * cosine + a * sine;
  }
}

}  // namespace asterism::linalg
