// The arithmetic of a rotary position embedding, for host and device.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/linalg/rope.hpp"

namespace asterism::linalg {

/// The frequency of pair i < width / 2 in radians a position: theta^(-2i/width), scaled; in fp32, rounded step by step
/// as transformers does, since a last bit turns distant positions by hundredths of a radian. torch's power may be one
/// bit off where the exact one lies in the middle of two floats.
ASTERISM_HD inline float rotary_frequency(const Rope& rope, std::size_t i, std::size_t width) {
  const double exponent = static_cast<float>(2 * i) / static_cast<float>(width);
  const float frequency = 1.0F / static_cast<float>(std::pow(double{static_cast<float>(rope.theta)}, exponent));
  const RopeScaling& scaling = rope.scaling;
  if (scaling.factor == 0) return frequency;
  const float wavelength = 1.0F / frequency * 6.2831853F;
  const double positions = scaling.original_positions;  // of the pre-training
  const auto factor = static_cast<float>(scaling.factor);
  if (wavelength > static_cast<float>(positions / scaling.low_freq_factor)) return frequency / factor;
  if (wavelength < static_cast<float>(positions / scaling.high_freq_factor)) return frequency;
  const volatile float turns =
      1.0F / wavelength * static_cast<float>(positions);  // no product is fused with a sum
  const float share = (turns - static_cast<float>(scaling.low_freq_factor)) /
                      static_cast<float>(scaling.high_freq_factor - scaling.low_freq_factor);
  const volatile float stays = share * frequency;
  return (1.0F - share) * frequency / factor + stays;
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
