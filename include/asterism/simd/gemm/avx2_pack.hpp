// Copies of operands of products of matrices with vectors of eight floats.
#pragma once

#if defined(__x86_64__)

#include <cstddef>

#include <immintrin.h>

#include "asterism/simd/target.hpp"

namespace asterism::simd::detail {

/// What gemm/pack.hpp does four floats at a time, eight at a time.
struct Avx2Pack {
  /// Eight lines, each consecutive in memory, to columns [0, 8) of a panel.
  template <std::size_t Width>
  ASTERISM_AVX2 static void transpose_eight(const float* in, std::size_t stride, std::size_t depth, float* out) {
    std::size_t k = 0;
    for (; k + 4 <= depth; k += 4) {
      __m256 row[4];  // lines i and i + 4
      ASTERISM_UNROLL
      for (std::size_t i = 0; i < 4; ++i) {
        const __m256 low = _mm256_castps128_ps256(_mm_loadu_ps(in + i * stride + k));
        row[i] = _mm256_insertf128_ps(low, _mm_loadu_ps(in + (i + 4) * stride + k), 1);
      }
      const __m256 low = _mm256_unpacklo_ps(row[0], row[1]);
      const __m256 low_2 = _mm256_unpacklo_ps(row[2], row[3]);
      const __m256 high = _mm256_unpackhi_ps(row[0], row[1]);
      const __m256 high_2 = _mm256_unpackhi_ps(row[2], row[3]);
      _mm256_storeu_ps(out + k * Width, _mm256_shuffle_ps(low, low_2, 0x44));
      _mm256_storeu_ps(out + (k + 1) * Width, _mm256_shuffle_ps(low, low_2, 0xEE));
      _mm256_storeu_ps(out + (k + 2) * Width, _mm256_shuffle_ps(high, high_2, 0x44));
      _mm256_storeu_ps(out + (k + 3) * Width, _mm256_shuffle_ps(high, high_2, 0xEE));
    }
    for (; k < depth; ++k) {
      ASTERISM_UNROLL
      for (std::size_t i = 0; i < 8; ++i) out[k * Width + i] = in[i * stride + k];
    }
  }

  /// Panels whose lines are neighbours in memory.
  template <std::size_t Width, std::size_t Panels>
  ASTERISM_AVX2 static void copy_panels(const float* in, std::size_t stride, std::size_t depth, float* out) {
    for (std::size_t k = 0; k < depth; ++k) {
      ASTERISM_UNROLL
      for (std::size_t p = 0; p < Panels; ++p) {
        ASTERISM_UNROLL
        for (std::size_t i = 0; i < Width; i += 8) {
          _mm256_storeu_ps(out + (p * depth + k) * Width + i, _mm256_loadu_ps(in + k * stride + p * Width + i));
        }
      }
    }
  }
};

}  // namespace asterism::simd::detail

#endif
