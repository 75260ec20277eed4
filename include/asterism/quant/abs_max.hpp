// The scale of a block is its largest magnitude.
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "asterism/quant/fwd.hpp"

namespace asterism::quant {

/// Choice policy of Nf4: bitsandbytes' own, so that codes and scales equal its to the bit. The codes refer to the
/// scale before it is quantized a second time.
struct AbsMax {
  static constexpr bool codes_follow_stored_scale = false;
  static std::string name() { return ""; }

  /// The scale for `Block` finite values.
  template <int Block>
  static float scale(const float* values) {
    std::int32_t largest = 0;  // magnitudes of floats order like their bits
    for (int i = 0; i < Block; ++i) {
      const std::int32_t bits = std::bit_cast<std::int32_t>(values[i]) & 0x7FFFFFFF;
      largest = bits > largest ? bits : largest;
    }
    return std::bit_cast<float>(largest);
  }
};

}  // namespace asterism::quant
