// Quantizes a row of floats to 8-bit integers, in plain C++.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "asterism/core/bits.hpp"
#include "asterism/quant/rounding.hpp"
#include "asterism/simd/activation8.hpp"

namespace asterism::simd {

/// How one group is quantized, given the bits of its largest magnitude (which order as magnitudes do, NaN above
/// all): code = x * factor to nearest, ties to even, and x is about code * scale. Groups below 2^-100 become
/// zeros. If a value is NaN or infinite, the scale is NaN, and so is every sum that uses it.
struct GroupScale {
  float factor = 0;
  float scale = 0;

  explicit GroupScale(std::uint32_t largest_bits) {
    const auto largest = std::bit_cast<float>(largest_bits);
    if (largest_bits >= 0x7F800000U) {
      scale = std::bit_cast<float>(0x7FC00000U);
    } else if (largest >= 0x1p-100F) {
      factor = 127.0F / largest;
      scale = largest / 127.0F;
    }
  }
};

/// Quantizes the groups [first, end) of a row, whose floats are at x, into row `row` of `to`: the same bits on
/// every instruction set.
inline void quantize_row(const float* x, const Rows8& to, std::size_t row, std::size_t first, std::size_t end) {
  constexpr std::size_t group = Rows8::group;
  std::int8_t* codes = to.codes + row * to.cols + first * group;
  x += first * group;
  for (std::size_t g = first; g < end; ++g, x += group, codes += group) {
    std::int32_t largest = 0;
    for (std::size_t i = 0; i < group; ++i) {
      const std::int32_t magnitude = magnitude_bits(x[i]);
      largest = magnitude > largest ? magnitude : largest;
    }
    const GroupScale scale(static_cast<std::uint32_t>(largest));
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < group; ++i) {
      const float value = scale.factor == 0 ? 0.0F : quant::rounded_to_float32(x[i] * scale.factor);
      const std::int32_t code = nearest_even(value);
      const std::size_t place = to.paired ? i / 8 * 8 + i % 2 * 4 + i % 8 / 2 : i;
      codes[place] = static_cast<std::int8_t>(code);
      sum += code;
    }
    to.scales[row * to.groups() + g] = scale.scale;
    to.biases[row * to.groups() + g] = -128 * sum;
    to.sums[row * to.groups() + g] = static_cast<float>(sum);
  }
}

}  // namespace asterism::simd
