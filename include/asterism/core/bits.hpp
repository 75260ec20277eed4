// Bit-level operations on floats.
#pragma once

#include <bit>
#include <cstdint>

namespace asterism {

/// Adding it to a float of magnitude at most 2^22 rounds to the nearest integer, ties to even, because the last
/// bit of the sum has the value 1; subtracting it again gives that integer.
inline constexpr float rounds_to_integer = 0x1.8p23F;

/// The integer nearest to x, ties to even; |x| at most 2^22. Subtracts bit patterns, which no compiler folds away.
constexpr std::int32_t nearest_even(float x) {
  return std::bit_cast<std::int32_t>(x + rounds_to_integer) - std::bit_cast<std::int32_t>(rounds_to_integer);
}

/// The bits of |x|. They order as magnitudes do, with infinity above all numbers and NaN above infinity, so a loop
/// over them finds the largest magnitude, and compilers vectorise it.
constexpr std::int32_t magnitude_bits(float x) { return std::bit_cast<std::int32_t>(x) & 0x7FFFFFFF; }

/// The bits of infinity.
inline constexpr std::int32_t infinity_bits = 0x7F800000;

}  // namespace asterism
