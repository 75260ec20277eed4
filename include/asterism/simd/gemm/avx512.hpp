// Tiles of products of matrices for processors with AVX-512.
#pragma once

#if defined(__x86_64__)

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <immintrin.h>

#include "asterism/simd/gemm/ahead.hpp"
#include "asterism/simd/gemm/avx2_pack.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd::detail {

/// The kernels of Level::avx512: 12 rows and 32 columns in 24 of 32 vectors.
struct Avx512Gemm : Avx2Pack {
  static constexpr std::size_t rows = 12;
  static constexpr std::size_t cols = 32;
  static constexpr std::size_t few_rows = 3;

  /// As PortableGemm's.
  template <std::size_t Rows, std::size_t Panels, bool Packs = false>
  ASTERISM_AVX512 static void multiply(const float* a, std::conditional_t<Packs, float*, const float*> b,
                                       std::size_t depth, float* c, std::size_t stride, bool adds,
                                       GemmAhead& ahead, const float* from = nullptr,
                                       std::size_t from_stride = 0) {
    static_assert(!Packs || Panels == 1);
    constexpr std::size_t vectors = 2 * Panels;
    [[maybe_unused]] const std::size_t panel = cols * depth;
    __m512 sums[Rows][vectors];
    ASTERISM_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (std::size_t j = 0; j < vectors; ++j) sums[r][j] = _mm512_setzero_ps();
      _mm_prefetch(reinterpret_cast<const char*>(c + r * stride), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(c + r * stride + cols / 2), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(c + r * stride + Panels * cols - 1), _MM_HINT_T0);
    }
    for (std::size_t k = 0; k < depth;) {
      ahead.step();
      for (const std::size_t end = std::min(depth, k + gemm_step); k < end; ++k, a += rows, b += cols) {
        __m512 right[vectors];
        ASTERISM_UNROLL
        for (std::size_t j = 0; j < vectors; ++j) {
          if constexpr (Packs) {
            right[j] = _mm512_loadu_ps(from + 16 * j);
            _mm512_storeu_ps(b + 16 * j, right[j]);
          } else {
            right[j] = _mm512_loadu_ps(b + j / 2 * panel + j % 2 * 16);
          }
        }
        if constexpr (Packs) from += from_stride;
        ASTERISM_UNROLL
        for (std::size_t r = 0; r < Rows; ++r) {
          const __m512 left = _mm512_set1_ps(a[r]);
          ASTERISM_UNROLL
          for (std::size_t j = 0; j < vectors; ++j) sums[r][j] = _mm512_fmadd_ps(left, right[j], sums[r][j]);
        }
      }
    }
    ASTERISM_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (std::size_t j = 0; j < vectors; ++j) {
        float* const to = c + r * stride + 16 * j;
        _mm512_storeu_ps(to, adds ? _mm512_add_ps(_mm512_loadu_ps(to), sums[r][j]) : sums[r][j]);
      }
    }
  }
};

}  // namespace asterism::simd::detail

#endif
