// One block of Nf4: from values and a scale to codes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "asterism/quant/divide_by_scale.hpp"
#include "asterism/quant/nf4_table.hpp"

namespace asterism::quant {

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

/// Decodes the codes [from, to) starting at `codes`, two a byte, the first in the high nibble, times `scale`.
inline void decode_nf4_codes(const std::uint8_t* codes, std::uint64_t from, std::uint64_t to, float scale,
                             float* out) {
  if (from < to && from % 2 == 1) *out++ = nf4_table[codes[from++ / 2] & 15U] * scale;
  for (; from + 2 <= to; from += 2, out += 2) {
    const std::uint8_t byte = codes[from / 2];
    out[0] = nf4_table[byte >> 4U] * scale;
    out[1] = nf4_table[byte & 15U] * scale;
  }
  if (from < to) *out = nf4_table[codes[from / 2] >> 4U] * scale;
}

/// Nf4's codes as seen by ScaleRule policies.
struct Nf4Codes {
  static constexpr float largest = 1;
  /// The last candidate lets the largest weight take the second value of the table (1 / 0.723).
  static constexpr std::array<float, 9> candidates = {0.82F, 0.86F, 0.90F, 0.94F, 0.97F,
                                                      1.0F,  1.04F, 1.09F, 1.38F};

  /// out[i]: the table value nearest to values[i] / scale; scale > 0.
  template <int Block>
  static void round(const float* values, float scale, float* out) {
    for (int i = 0; i < Block; ++i) out[i] = nf4_table[0];
    for (std::size_t k = 0; k < nf4_thresholds.size(); k += 3) {
      const float threshold0 = nf4_thresholds[k] * scale;
      const float threshold1 = nf4_thresholds[k + 1] * scale;
      const float threshold2 = nf4_thresholds[k + 2] * scale;
      const float gap0 = nf4_table[k + 1] - nf4_table[k];
      const float gap1 = nf4_table[k + 2] - nf4_table[k + 1];
      const float gap2 = nf4_table[k + 3] - nf4_table[k + 2];
      for (int i = 0; i < Block; ++i) {
        out[i] += (threshold0 < values[i] ? gap0 : 0.0F) + (threshold1 < values[i] ? gap1 : 0.0F) +
                  (threshold2 < values[i] ? gap2 : 0.0F);
      }
    }
  }
};

}  // namespace asterism::quant
