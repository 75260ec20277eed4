// Bodies of ggml_small_blocks.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "asterism/quant/ggml_small_blocks.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/rounding.hpp"

namespace asterism::quant::detail {

inline constexpr int small_block = 32;

/// The integer part of `value`, at least 0 and at most `most`.
inline int truncated(float value, int most) {
  if (value >= static_cast<float>(most)) return most;
  return value > 0 ? static_cast<int>(value) : 0;
}

/// 1 / scale; 0 where there is none.
inline float inverse_of(float scale) {
  const float inverse = scale == 0 ? 0 : 1 / scale;
  return not_finite(inverse) ? 0 : inverse;
}

/// The weight of the largest magnitude, the first of several.
inline float largest_of(const float* weights) {
  return *std::max_element(weights, weights + small_block,
                           [](float a, float b) { return std::fabs(a) < std::fabs(b); });
}

template <int Bits, bool Offset>
ASTERISM_INLINE void SmallBlock<Bits, Offset>::encode(const float* weights, std::uint8_t* block) {
  constexpr int most = (1 << Bits) - 1;
  int codes[small_block];
  std::uint8_t* at = block;
  if constexpr (Offset) {
    const auto [least, largest] = std::minmax_element(weights, weights + small_block);
    const float scale = (*largest - *least) / static_cast<float>(most);
    const float inverse = inverse_of(scale);
    for (int i = 0; i < small_block; ++i) {
      codes[i] = truncated(rounded_to_float32((weights[i] - *least) * inverse) + 0.5F, most);
    }
    store16(float16_from_float(scale), at);
    store16(float16_from_float(*least), at + 2);
    at += 4;
  } else {
    constexpr int half = 1 << (Bits - 1);
    const float scale = largest_of(weights) / static_cast<float>(-half);
    const float inverse = inverse_of(scale);
    for (int i = 0; i < small_block; ++i) {
      codes[i] = truncated(rounded_to_float32(weights[i] * inverse) + (half + 0.5F), most);
    }
    store16(float16_from_float(scale), at);
    at += 2;
  }
  if constexpr (Bits == 5) {
    std::uint32_t fifth = 0;
    for (int i = 0; i < small_block; ++i) fifth |= static_cast<std::uint32_t>(codes[i] >> 4) << i;
    std::memcpy(at, &fifth, sizeof fifth);
    at += sizeof fifth;
  }
  for (int j = 0; j < small_block / 2; ++j) {
    at[j] = static_cast<std::uint8_t>((codes[j] & 15) | (codes[j + small_block / 2] & 15) << 4);
  }
}

template <int Bits, bool Offset>
ASTERISM_INLINE void SmallBlock<Bits, Offset>::decode(const std::uint8_t* block, float* weights) {
  constexpr int levels = 1 << Bits;
  constexpr int half = levels / 2;
  const float scale = half_at(block);
  float values[levels];
  for (int code = 0; code < levels; ++code) {
    if constexpr (Offset) {
      values[code] = rounded_to_float32(scale * static_cast<float>(code)) + half_at(block + 2);
    } else {
      values[code] = scale * static_cast<float>(code - half);
    }
  }
  const std::uint8_t* at = block + (Offset ? 4 : 2);
  std::uint32_t fifth = 0;
  if constexpr (Bits == 5) {
    std::memcpy(&fifth, at, sizeof fifth);
    at += sizeof fifth;
  }
  for (unsigned j = 0; j < small_block / 2; ++j) {
    weights[j] = values[(at[j] & 15U) | (fifth >> j & 1U) << 4U];
    weights[j + small_block / 2] = values[at[j] >> 4U | (fifth >> (j + small_block / 2) & 1U) << 4U];
  }
}

template <int Bits, bool Offset>
ASTERISM_INLINE BlockLevels SmallBlock<Bits, Offset>::levels(const std::uint8_t* block, std::uint32_t /*i*/) {
  constexpr int count = 1 << Bits;
  constexpr int half = count / 2;
  const double scale = half_at(block);
  const double size = std::fabs(scale);
  if constexpr (Offset) {
    const double offset = half_at(block + 2);
    return {offset, offset + (count - 1) * scale, size, 2 * count * half_rounding(scale) + half_rounding(offset)};
  } else {
    const double one = -scale * half;
    const double other = scale * (half - 1);
    return {std::fmin(one, other), std::fmax(one, other), size, 2 * count * half_rounding(scale)};
  }
}

#if defined(ASTERISM_COMPILED)
template struct SmallBlock<4, false>;
template struct SmallBlock<4, true>;
template struct SmallBlock<5, false>;
template struct SmallBlock<5, true>;
#endif

ASTERISM_INLINE void ByteBlock::encode(const float* weights, std::uint8_t* block) {
  const float scale = std::fabs(largest_of(weights)) / 127;
  const float inverse = inverse_of(scale);
  store16(float16_from_float(scale), block);
  for (int i = 0; i < small_block; ++i) {
    const float code = std::round(weights[i] * inverse);
    block[2 + i] = static_cast<std::uint8_t>(static_cast<int>(std::clamp(code, -127.0F, 127.0F)));
  }
}

ASTERISM_INLINE void ByteBlock::decode(const std::uint8_t* block, float* weights) {
  const float scale = half_at(block);
  for (int i = 0; i < small_block; ++i) {
    weights[i] = static_cast<float>(static_cast<std::int8_t>(block[2 + i])) * scale;
  }
}

ASTERISM_INLINE BlockLevels ByteBlock::levels(const std::uint8_t* block, std::uint32_t /*i*/) {
  const double scale = half_at(block);
  return {-127 * scale, 127 * scale, scale, 256 * half_rounding(scale)};
}

}  // namespace asterism::quant::detail
