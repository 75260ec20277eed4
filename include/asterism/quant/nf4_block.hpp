// One block of Nf4: from values and a scale to codes.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/quant/nf4_table.hpp"

namespace asterism::quant {

/// x / scale as a product, safe for every finite scale: 0 for scale 0, and no infinite inverse for subnormal ones.
/// For |scale| >= 1e-38 it is x * (1 / scale), rounded twice, as in bitsandbytes.
class DivideByScale {
 public:
  explicit DivideByScale(float scale) {
    if (std::fabs(scale) < 1e-38F) {
      enlarge_ = 0x1p100F;
      scale *= 0x1p100F;
    }
    inverse_ = scale == 0 ? 0 : 1.0F / scale;
  }
  float operator()(float x) const { return x * enlarge_ * inverse_; }

 private:
  float enlarge_ = 1;
  float inverse_ = 0;
};

/// The code of one normalised value: the number of thresholds strictly below it.
inline std::uint8_t nf4_code(float normalised) {
  std::uint8_t code = 0;
  for (const float threshold : nf4_thresholds)
    code = static_cast<std::uint8_t>(code + (threshold < normalised ? 1 : 0));
  return code;
}

/// Encodes `Block` values against `scale` into Block / 2 bytes, the first of two codes in the high nibble.
template <int Block>
void encode_nf4_block(const float* values, float scale, std::uint8_t* out) {
  const DivideByScale divide(scale);
  // Constant trip counts and arrays on the stack, so that compilers vectorise at -O2.
  alignas(64) float normalised[Block];
  alignas(64) std::int32_t codes[Block];
  for (int i = 0; i < Block; ++i) normalised[i] = divide(values[i]);
  for (int i = 0; i < Block; ++i) {
    std::int32_t code = 0;
    for (const float threshold : nf4_thresholds) code += threshold < normalised[i] ? 1 : 0;
    codes[i] = code;
  }
  for (int k = 0; k < Block / 2; ++k) out[k] = static_cast<std::uint8_t>(codes[2 * k] << 4 | codes[2 * k + 1]);
}

}  // namespace asterism::quant
