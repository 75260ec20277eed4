// Tiles of products of matrices for processors with NEON.
#pragma once

#if defined(__aarch64__)

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <arm_neon.h>

#include "asterism/simd/gemm/ahead.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd::detail {

/// The kernels of Level::neon: 8 rows and 12 columns in 24 of 32 vectors.
struct NeonGemm {
  static constexpr std::size_t rows = 8;
  static constexpr std::size_t cols = 12;
  static constexpr std::size_t few_rows = 3;

  /// As PortableGemm's.
  template <std::size_t Rows, std::size_t Panels, bool Packs = false>
  static void multiply(const float* a, std::conditional_t<Packs, float*, const float*> b, std::size_t depth,
                       float* c, std::size_t stride, bool adds, GemmAhead& ahead, const float* from = nullptr,
                       std::size_t from_stride = 0) {
    static_assert(!Packs || Panels == 1);
    constexpr std::size_t vectors = 3 * Panels;
    [[maybe_unused]] const std::size_t panel = cols * depth;
    float32x4_t sums[Rows][vectors];
    ASTERISM_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (std::size_t j = 0; j < vectors; ++j) sums[r][j] = vdupq_n_f32(0);
      __builtin_prefetch(c + r * stride);
      __builtin_prefetch(c + r * stride + Panels * cols - 1);
    }
    for (std::size_t k = 0; k < depth;) {
      ahead.step();
      for (const std::size_t end = std::min(depth, k + gemm_step); k < end; ++k, a += rows, b += cols) {
        float32x4_t right[vectors];
        ASTERISM_UNROLL
        for (std::size_t j = 0; j < vectors; ++j) {
          if constexpr (Packs) {
            right[j] = vld1q_f32(from + 4 * j);
            vst1q_f32(b + 4 * j, right[j]);
          } else {
            right[j] = vld1q_f32(b + j / 3 * panel + j % 3 * 4);
          }
        }
        if constexpr (Packs) from += from_stride;
        ASTERISM_UNROLL
        for (std::size_t r = 0; r < Rows; ++r) {
          const float32x4_t left = vdupq_n_f32(a[r]);
          ASTERISM_UNROLL
          for (std::size_t j = 0; j < vectors; ++j) sums[r][j] = vfmaq_f32(sums[r][j], left, right[j]);
        }
      }
    }
    ASTERISM_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (std::size_t j = 0; j < vectors; ++j) {
        float* const to = c + r * stride + 4 * j;
        vst1q_f32(to, adds ? vaddq_f32(vld1q_f32(to), sums[r][j]) : sums[r][j]);
      }
    }
  }
};

}  // namespace asterism::simd::detail

#endif
