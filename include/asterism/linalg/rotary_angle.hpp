// The arithmetic of a rotary position embedding, for host and device.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"

namespace asterism::linalg {

/// The angle of pair i < width / 2 at a position: position * theta^(-2i/width), an fp32 product as in the reference
/// implementations.
ASTERISM_HD inline float rotary_angle(std::int32_t position, double theta, std::size_t i, std::size_t width) {
  const double exponent = static_cast<double>(2 * i) / static_cast<double>(width);
  return static_cast<float>(position) * static_cast<float>(1.0 / std::pow(theta, exponent));
}

/// Rotates (a, b) by the angle with the given cosine and sine.
ASTERISM_HD inline void rotate_pair(float& a, float& b, float cosine, float sine) {
  const float first = a * cosine - b * sine;
  b = b * cosine + a * sine;
  a = first;
}

}  // namespace asterism::linalg
