// The arithmetic of a rotary position embedding, for host and device.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/linalg/rope.hpp"

namespace asterism::linalg {

/// The frequency of pair i < width / 2 in radians a position: theta^(-2i/width), scaled; in fp32 as in the reference
/// implementations.
ASTERISM_HD inline float rotary_frequency(const Rope& rope, std::size_t i, std::size_t width) {
  const double exponent = static_cast<double>(2 * i) / static_cast<double>(width);
  const double frequency = 1.0 / std::pow(rope.theta, exponent);
  const RopeScaling& scaling = rope.scaling;
  if (scaling.factor == 0) return static_cast<float>(frequency);
  constexpr double turn = 6.283185307179586;
  const double turns = scaling.original_positions * frequency / turn;  // within the positions of the pre-training
  if (turns < scaling.low_freq_factor) return static_cast<float>(frequency / scaling.factor);
  if (turns > scaling.high_freq_factor) return static_cast<float>(frequency);
  const double share = (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return static_cast<float>((1 - share) * frequency / scaling.factor + share * frequency);
}

/// The angle of pair i < width / 2 at a position, an fp32 product as in the reference implementations.
ASTERISM_HD inline float rotary_angle(std::int32_t position, const Rope& rope, std::size_t i, std::size_t width) {
  return static_cast<float>(position) * rotary_frequency(rope, i, width);
}

/// Rotates (a, b) by the angle with the given cosine and sine.
ASTERISM_HD inline void rotate_pair(float& a, float& b, float cosine, float sine) {
  const float first = a * cosine - b * sine;
  b = b * cosine + a * sine;
  a = first;
}

}  // namespace asterism::linalg
