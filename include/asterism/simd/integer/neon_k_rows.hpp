// Integer products of 8-bit activations with ggml's blocks of 256, for aarch64.
#pragma once

#if defined(__aarch64__)

#include <cmath>
#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

#include "asterism/core/view.hpp"
#include "asterism/quant/ggml_k_blocks.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/rounding.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/format.hpp"
#include "asterism/simd/integer/portable_k_rows.hpp"
#include "asterism/simd/product/neon_k_blocks.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// Four columns in each lane of two registers, eight lanes a cell; see PortableKRows for the order.
struct NeonKRows {
  template <std::size_t Group, KnownKBlocks Q>
  static void multiply(quant::KernelMatrixRef<Q> weights, std::size_t first, std::size_t end, const Rows8& x,
                       MatrixView<float> y) {
    for (std::size_t o = first; o < end; ++o) {
      for (std::size_t r = 0; r < x.rows; ++r) y(r, o) = multiply_row<Group>(weights, o, x, r);
    }
  }

 private:
  /// Sums of four products each, of sixteen columns.
  static int32x4_t fours(int8x16_t codes, int8x16_t x) {
    const int16x8_t low = vmull_s8(vget_low_s8(codes), vget_low_s8(x));
    const int16x8_t high = vmull_high_s8(codes, x);
    return vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
  }

  /// The integer scale of half h of cell c.
  template <class Q>
  static std::int32_t scale_of(Q /*format*/, const std::uint8_t* block, int c, int /*h*/) {
    return quant::detail::k_scale(block + 4, c);
  }
  static std::int32_t scale_of(quant::Q6_K /*format*/, const std::uint8_t* block, int c, int h) {
    return static_cast<std::int8_t>(block[192 + 2 * c + h]);
  }

  template <std::size_t Group, class Q>
  static float multiply_row(quant::KernelMatrixRef<Q> weights, std::size_t o, const Rows8& x, std::size_t r) {
    constexpr bool has_minima = KBlockOf<Q>::has_minima;
    constexpr int scale_place = has_minima ? 0 : 208;
    const std::uint64_t blocks = weights.cols / Q::block;
    const auto* block = reinterpret_cast<const std::uint8_t*>(weights.data) + o * blocks * Q::block_bytes;
    const float* scales = x.scales + r * x.groups();
    const std::int8_t* activations = x.codes + r * x.cols;
    const float* row_sums = x.sums + r * x.cells();
    float32x4_t sums[2] = {vdupq_n_f32(0), vdupq_n_f32(0)};
    EightSums minima;
    std::size_t cell = 0;
    for (std::uint64_t b = 0; b < blocks; ++b, block += Q::block_bytes) {
      const float scale = quant::detail::half_at(block + scale_place);
      float32x4_t of_block[2] = {vdupq_n_f32(0), vdupq_n_f32(0)};
      for (int c = 0; c < 8; ++c, ++cell, activations += Rows8::unit) {
        const auto codes = NeonKBlocks::codes(Q(), block, c);
        const float row_scale = scales[cell * Rows8::unit / Group];
        ASTERISM_UNROLL
        for (int h = 0; h < 2; ++h) {
          const int32x4_t products = fours(codes.halves[h], vld1q_s8(activations + 16 * h));
          const int32x4_t scaled = vmulq_n_s32(products, scale_of(Q(), block, c, h));
          of_block[h] = vfmaq_n_f32(of_block[h], vcvtq_f32_s32(scaled), row_scale);
        }
        if constexpr (has_minima) {
          const float exact = static_cast<float>(quant::detail::k_minimum(block + 4, c)) * row_sums[cell];
          float& lane = minima.lanes[c];
          lane = std::fma(quant::rounded_to_float32(exact * row_scale), quant::detail::half_at(block + 2), lane);
        }
      }
      ASTERISM_UNROLL
      for (int h = 0; h < 2; ++h) sums[h] = vfmaq_n_f32(sums[h], of_block[h], scale);
    }
    EightSums all;
    vst1q_f32(all.lanes, sums[0]);
    vst1q_f32(all.lanes + 4, sums[1]);
    if constexpr (has_minima) {
      for (std::size_t l = 0; l < 8; ++l) all.lanes[l] -= minima.lanes[l];
    }
    return all.sum();
  }
};

}  // namespace asterism::simd

#endif
