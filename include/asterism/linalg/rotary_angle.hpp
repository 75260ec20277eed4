// The arithmetic of a rotary position embedding, for host and device.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/linalg/rope.hpp"

namespace asterism::linalg {

/// The frequency of pair i < width / 2 in radians a position: theta^(-2i/width), scaled; each step rounded to fp32 as
/// transformers does, since a last bit turns distant positions by hundredths of a radian. Its power may be one bit off
/// where the exact one lies halfway between two floats.
ASTERISM_HD inline float rotary_frequency(const Rope& rope, std::size_t i, std::size_t width) {
  // Sums, products and quotients of two floats in double, rounded to float, are those of fp32: no contraction alters them.
  const auto exponent = static_cast<float>(static_cast<double>(2 * i) / static_cast<double>(width));
  const auto power = static_cast<float>(std::pow(double{static_cast<float>(rope.theta)}, double{exponent}));
  const auto frequency = static_cast<float>(1.0 / double{power});
  const RopeScaling& scaling = rope.scaling;
  if (scaling.factor == 0) return frequency;
  constexpr float turn = 6.2831853F;
  const auto wavelength = static_cast<float>(double{turn} / double{frequency});
  const double positions = scaling.original_positions;  // of the pre-training
  const auto divided = static_cast<float>(double{frequency} / scaling.factor);
  if (wavelength > positions / scaling.low_freq_factor) return divided;
  if (wavelength < positions / scaling.high_freq_factor) return frequency;
  const auto turns = static_cast<float>(positions / double{wavelength});
  const auto above = static_cast<float>(double{turns} - scaling.low_freq_factor);
  const auto share = static_cast<float>(double{above} / (scaling.high_freq_factor - scaling.low_freq_factor));
  const auto rest = static_cast<float>(1.0 - double{share});
  const auto slow = static_cast<float>(static_cast<float>(double{rest} * double{frequency}) / scaling.factor);
  return static_cast<float>(double{slow} +
                            static_cast<double>(static_cast<float>(double{share} * double{frequency})));
}

/// The angle of pair i < width / 2 at a position: the exact product. In fp32 it would be off by up to 2^-7 at 262143.
ASTERISM_HD inline double rotary_angle(std::int32_t position, const Rope& rope, std::size_t i, std::size_t width) {
  return position * double{rotary_frequency(rope, i, width)};
}

/// Rotates (a, b) by the angle with the given cosine and sine.
ASTERISM_HD inline void rotate_pair(float& a, float& b, float cosine, float sine) {
  const float first = a * cosine - b * sine;
  b = b * cosine + a * sine;
  a = first;
}

}  // namespace asterism::linalg
