// Bodies of ggml_tables.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "asterism/quant/divide_by_scale.hpp"
#include "asterism/quant/ggml_fit.hpp"
#include "asterism/quant/ggml_tables.hpp"
#include "asterism/quant/half_precision.hpp"

namespace asterism::quant::detail {

inline constexpr int table_block = 32;
inline constexpr CodeLevels iq4_levels{.count = 16, .table = iq4_values.data()};

/// 32 weights from 16 bytes, byte j with weight j in its low nibble and weight j + 16 in its high one.
inline void decode_nibbles(const std::array<std::int8_t, 16>& values, float scale, const std::uint8_t* codes,
                           float* weights) {
  for (int j = 0; j < table_block / 2; ++j) {
    weights[j] = scale * values[codes[j] & 15U];
    weights[j + table_block / 2] = scale * values[codes[j] >> 4U];
  }
}

/// The other way: each weight gets the code of the value nearest to it in units of `scale`.
inline void encode_iq4(const float* weights, float scale, std::uint8_t* codes) {
  const DivideByScale divide(not_finite(scale) ? 0 : scale);
  for (int j = 0; j < table_block / 2; ++j) {
    const int low = iq4_levels.nearest(divide(weights[j]));
    const int high = iq4_levels.nearest(divide(weights[j + table_block / 2]));
    codes[j] = static_cast<std::uint8_t>(low | high << 4);
  }
}

inline BlockLevels iq4_block_levels(double scale) {
  const double one = scale * iq4_values.front();
  const double other = scale * iq4_values.back();
  return {std::fmin(one, other), std::fmax(one, other), 24 * std::fabs(scale), 0};
}

ASTERISM_INLINE void Iq4NlBlock::encode(const float* weights, std::uint8_t* block) {
  const std::uint16_t scale = float16_from_float(fit_scale({weights, table_block}, iq4_levels));
  store16(scale, block);
  encode_iq4(weights, float_from_float16(scale), block + 2);
}

ASTERISM_INLINE void Iq4NlBlock::decode(const std::uint8_t* block, float* weights) {
  decode_nibbles(iq4_values, half_at(block), block + 2, weights);
}

ASTERISM_INLINE BlockLevels Iq4NlBlock::levels(const std::uint8_t* block, std::uint32_t /*i*/) {
  return iq4_block_levels(half_at(block));
}

// A block of IQ4_XS: the scale, two higher bits of each integer, four lower ones, and codes like those of IQ4_NL.
ASTERISM_INLINE float Iq4XsBlock::scale(const std::uint8_t* block, int s) {
  const int low = block[4 + s / 2] >> (s % 2 * 4) & 15;
  const int high = bits16(block + 2) >> (2 * s) & 3;
  return half_at(block) * static_cast<float>((low | high << 4) - 32);
}

ASTERISM_INLINE void Iq4XsBlock::encode(const float* weights, std::uint8_t* block) {
  float scales[sub_blocks];
  for (int s = 0; s < sub_blocks; ++s) {
    scales[s] = fit_scale({weights + s * sub_elements, sub_elements}, iq4_levels);
  }
  std::int16_t integers[sub_blocks];
  std::memset(block, 0, 8);
  const std::uint16_t unit = fit_unit({scales, sub_blocks}, -32, 31, integers);
  keep_from_zero({scales, sub_blocks}, unit, integers);
  store16(unit, block);
  std::uint32_t high = 0;
  for (int s = 0; s < sub_blocks; ++s) {
    const auto bits = static_cast<unsigned>(integers[s] + 32);
    block[4 + s / 2] = static_cast<std::uint8_t>(block[4 + s / 2] | (bits & 15U) << (s % 2 * 4));
    high |= bits >> 4U << (2 * s);
  }
  store16(static_cast<std::uint16_t>(high), block + 2);
  for (int s = 0; s < sub_blocks; ++s) {
    encode_iq4(weights + s * sub_elements, scale(block, s), block + 8 + s * (sub_elements / 2));
  }
}

ASTERISM_INLINE void Iq4XsBlock::decode(const std::uint8_t* block, float* weights) {
  for (int s = 0; s < sub_blocks; ++s) {
    decode_nibbles(iq4_values, scale(block, s), block + 8 + s * (sub_elements / 2), weights + s * sub_elements);
  }
}

ASTERISM_INLINE BlockLevels Iq4XsBlock::levels(const std::uint8_t* block, std::uint32_t i) {
  return iq4_block_levels(scale(block, static_cast<int>(i) / sub_elements));
}

ASTERISM_INLINE void Mxfp4Block::encode(const float* weights, std::uint8_t* block) {
  float largest = 0;
  for (int i = 0; i < table_block; ++i) largest = std::fmax(largest, std::fabs(weights[i]));
  int exponent = 0;
  if (largest > 0) {
    const auto log =
        static_cast<float>(std::log2(double{largest}));  // rounded: just below a power of two it is that
    exponent = std::max(static_cast<int>(std::floor(log)) - 2 + 127, 0);
  }
  block[0] = static_cast<std::uint8_t>(exponent);
  const float scale = half_of_e8m0(block[0]);
  const auto nearest = [&](float weight) {
    unsigned best = 0;
    float least = std::fabs(weight);
    for (unsigned code = 1; code < mxfp4_values.size(); ++code) {
      const float error = std::fabs(scale * mxfp4_values[code] - weight);
      if (error < least) best = code, least = error;
    }
    return best;
  };
  for (int j = 0; j < table_block / 2; ++j) {
    block[1 + j] = static_cast<std::uint8_t>(nearest(weights[j]) | nearest(weights[j + table_block / 2]) << 4U);
  }
}

ASTERISM_INLINE void Mxfp4Block::decode(const std::uint8_t* block, float* weights) {
  decode_nibbles(mxfp4_values, half_of_e8m0(block[0]), block + 1, weights);
}

ASTERISM_INLINE BlockLevels Mxfp4Block::levels(const std::uint8_t* block, std::uint32_t /*i*/) {
  const double scale = half_of_e8m0(block[0]);
  return {-12 * scale, 12 * scale, 4 * scale, 0};
}

}  // namespace asterism::quant::detail
