// Blocks of ggml's Q4_K, Q5_K and Q6_K with NEON.
#pragma once

#if defined(__aarch64__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

#include "asterism/quant/ggml_k_blocks.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// The codes of blocks as bytes in order, 32 in two registers, and the weights that they stand for, to the bit those of
/// the format's own `decode`.
struct NeonKBlocks {
  struct Codes32 {
    int8x16_t halves[2];
  };

  /// Codes 32 c ... of a block of Q4_K or Q5_K, from 0 on.
  template <class Q>
  static Codes32 codes(Q /*format*/, const std::uint8_t* block, int c) {
    constexpr bool fifth_bits = std::same_as<Q, quant::Q5_K>;
    Codes32 out;
    ASTERISM_UNROLL
    for (int h = 0; h < 2; ++h) {
      const uint8x16_t bytes = vld1q_u8(block + (fifth_bits ? 48 : 16) + c / 2 * 32 + 16 * h);
      uint8x16_t code = c % 2 == 0 ? vandq_u8(bytes, vdupq_n_u8(15)) : vshrq_n_u8(bytes, 4);
      if constexpr (fifth_bits) {
        const uint8x16_t bits = vshlq_u8(vld1q_u8(block + 16 + 16 * h), vdupq_n_s8(static_cast<std::int8_t>(-c)));
        code = vorrq_u8(code, vshlq_n_u8(vandq_u8(bits, vdupq_n_u8(1)), 4));
      }
      out.halves[h] = vreinterpretq_s8_u8(code);
    }
    return out;
  }

  /// Codes 32 c ... of a block of Q6_K, -32 to 31.
  static Codes32 codes(quant::Q6_K /*format*/, const std::uint8_t* block, int c) {
    const int quarter = c % 4;
    const std::uint8_t* low = block + c / 4 * 64 + quarter % 2 * 32;
    const std::uint8_t* high = block + 128 + c / 4 * 32;
    const int8x16_t down = vdupq_n_s8(static_cast<std::int8_t>(-2 * quarter));
    Codes32 out;
    ASTERISM_UNROLL
    for (int h = 0; h < 2; ++h) {
      const uint8x16_t bytes = vld1q_u8(low + 16 * h);
      const uint8x16_t lower = quarter < 2 ? vandq_u8(bytes, vdupq_n_u8(15)) : vshrq_n_u8(bytes, 4);
      const uint8x16_t upper = vandq_u8(vshlq_u8(vld1q_u8(high + 16 * h), down), vdupq_n_u8(3));
      const uint8x16_t code = vorrq_u8(lower, vshlq_n_u8(upper, 4));
      out.halves[h] = vsubq_s8(vreinterpretq_s8_u8(code), vdupq_n_s8(32));
    }
    return out;
  }

  /// Of Q4_K and Q5_K.
  template <class Q>
  static void decode(Q format, const std::uint8_t* block, float* out) {
    const float scale = quant::detail::half_at(block);
    const float minimum = quant::detail::half_at(block + 2);
    for (int c = 0; c < 8; ++c, out += 32) {
      const Codes32 of_cell = codes(format, block, c);
      const float factor = scale * static_cast<float>(quant::detail::k_scale(block + 4, c));
      const float32x4_t less = vdupq_n_f32(minimum * static_cast<float>(quant::detail::k_minimum(block + 4, c)));
      ASTERISM_UNROLL
      for (int j = 0; j < 8; ++j) {
        float32x4_t product = vmulq_n_f32(four(of_cell, j), factor);
        __asm__("" : "+w"(product));  // it is rounded: compilers fuse it with the difference otherwise
        vst1q_f32(out + 4 * j, vsubq_f32(product, less));
      }
    }
  }

  static void decode(quant::Q6_K format, const std::uint8_t* block, float* out) {
    const float scale = quant::detail::half_at(block + 208);
    const auto* scales = reinterpret_cast<const std::int8_t*>(block + 192);
    for (int c = 0; c < 8; ++c, out += 32, scales += 2) {
      const Codes32 of_cell = codes(format, block, c);
      ASTERISM_UNROLL
      for (int j = 0; j < 8; ++j) {
        vst1q_f32(out + 4 * j, vmulq_n_f32(four(of_cell, j), scale * static_cast<float>(scales[j / 4])));
      }
    }
  }

 private:
  /// Bytes 4 j ... 4 j + 3.
  static float32x4_t four(const Codes32& codes, int j) {
    const int8x16_t half = codes.halves[j / 4];
    const int16x8_t eight = vmovl_s8(j % 4 < 2 ? vget_low_s8(half) : vget_high_s8(half));
    return vcvtq_f32_s32(vmovl_s16(j % 2 == 0 ? vget_low_s16(eight) : vget_high_s16(eight)));
  }
};

}  // namespace asterism::simd

#endif
