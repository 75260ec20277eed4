// The scale of a block is derived from its largest magnitude.
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "asterism/core/bits.hpp"
#include "asterism/quant/fwd.hpp"

namespace asterism::quant {

/// ScaleRule policy of blockwise formats: the largest magnitude of a block gets the code of the largest value, so
/// that nothing is clipped. With Nf4, codes and scales equal bitsandbytes' to the bit: there the codes refer to
/// the scale before it is quantized itself.
struct AbsMax {
  static constexpr bool codes_follow_stored_scale = false;
  static std::string name() { return ""; }

  /// The scale for `Block` finite values; `Codes` is Nf4Codes or IntegerCodes.
  template <class Codes, int Block>
  static float scale(const float* values) {
    return largest_magnitude<Block>(values) / Codes::largest;
  }

  template <int Block>
  static float largest_magnitude(const float* values) {
    std::int32_t largest = 0;
    for (int i = 0; i < Block; ++i) {
      const std::int32_t bits = magnitude_bits(values[i]);
      largest = bits > largest ? bits : largest;
    }
    return std::bit_cast<float>(largest);
  }
};

}  // namespace asterism::quant
