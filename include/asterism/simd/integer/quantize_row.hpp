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

/// Quantizes the columns [first, first + count) of a row, whose floats are at x, into row `row` of `to`; first is a
/// multiple of the group. The same bits on every instruction set.
struct PortableQuantize {
  static void quantize(const float* x, const Rows8& to, std::size_t row, std::size_t first, std::size_t count) {
    const std::size_t last = first + count;
    for (std::size_t begin = first; begin < last; begin += to.order.group) {
      const std::size_t end = begin + to.order.group < last ? begin + to.order.group : last;
      std::int32_t largest = 0;
      for (std::size_t c = begin; c < end; ++c) {
        const std::int32_t magnitude = magnitude_bits(x[c]);
        largest = magnitude > largest ? magnitude : largest;
      }
      const GroupScale scale(static_cast<std::uint32_t>(largest));
      to.scales[row * to.groups() + begin / to.order.group] = scale.scale;
      for (std::size_t c = begin; c < end; c += to.order.cell) {
        std::int32_t sum = 0;
        for (std::size_t i = c; i < c + to.order.cell; ++i) sum += quantize_one(x[i], scale, to, row, i);
        const std::size_t cell = row * to.cells() + c / to.order.cell;
        to.biases[cell] = -128 * sum;
        to.sums[cell] = static_cast<float>(sum);
      }
    }
  }

 private:
  static std::int32_t quantize_one(float x, const GroupScale& scale, const Rows8& to, std::size_t row,
                                   std::size_t i) {
    const float value = scale.factor == 0 ? 0.0F : quant::rounded_to_float32(x * scale.factor);
    const std::int32_t code = nearest_even(value);
    const std::size_t place = to.order.paired ? i / 8 * 8 + i % 2 * 4 + i % 8 / 2 : i;
    to.codes[row * to.cols + place] = static_cast<std::int8_t>(code);
    return code;
  }
};

}  // namespace asterism::simd
