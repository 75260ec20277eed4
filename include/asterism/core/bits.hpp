// Floats by their bits.
#pragma once

#include <bit>
#include <cstdint>

namespace asterism {

/// Added to a float of at most 2^22 in magnitude, it rounds to an integer, to nearest, ties to even: the sum's last bit
/// stands for 1. What is subtracted again is that integer.
inline constexpr float rounds_to_integer = 0x1.8p23F;

/// The integer nearest to x, ties to even; x at most 2^22 in magnitude. Subtracts bits, which no compiler folds away.
constexpr std::int32_t nearest_even(float x) {
  return std::bit_cast<std::int32_t>(x + rounds_to_integer) - std::bit_cast<std::int32_t>(rounds_to_integer);
}

/// The bits of |x|. They ascend as magnitudes do, infinity above all numbers and NaN above infinity, so that a loop over
/// them finds the largest, and compilers vectorise it.
constexpr std::int32_t magnitude_bits(float x) { return std::bit_cast<std::int32_t>(x) & 0x7FFFFFFF; }

/// Those of infinity.
inline constexpr std::int32_t infinity_bits = 0x7F800000;

}  // namespace asterism
