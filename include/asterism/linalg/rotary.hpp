// Rotary position embedding.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::linalg {

/// The angle of pair i < width / 2 at a position: position * theta^(-2i/width), an fp32 product as in the reference
/// implementations.
ASTERISM_HD inline float rotary_angle(std::int32_t position, double theta, std::size_t i, std::size_t width) {
  const double exponent = static_cast<double>(2 * i) / static_cast<double>(width);
  return static_cast<float>(position) * static_cast<float>(1.0 / std::pow(theta, exponent));
}

/// Rotates (a, b) by the angle with that cosine and sine.
ASTERISM_HD inline void rotate_pair(float& a, float& b, float cosine, float sine) {
  const float first = a * cosine - b * sine;
  b = b * cosine + a * sine;
  a = first;
}

/// Cosines, then sines, of the angles of a position; `table` has d elements, d even.
/// Source: Su et al., RoFormer, arXiv 2104.09864.
inline void rotary_table(std::int32_t position, double theta, View<float> table) {
  const std::size_t half = table.size / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const float angle = rotary_angle(position, theta, i, table.size);
    table.data[i] = std::cos(angle);
    table.data[half + i] = std::sin(angle);
  }
}

/// Rotates each pair (x_i, x_{i + d/2}) of one head by the angle of its table, in place ("rotate half").
inline void rotate_half(View<float> head, View<const float> table) {
  const std::size_t half = head.size / 2;
  for (std::size_t i = 0; i < half; ++i) {
    rotate_pair(head.data[i], head.data[half + i], table.data[i], table.data[half + i]);
  }
}

}  // namespace asterism::linalg
