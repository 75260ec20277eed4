// Tiles of products of matrices for processors with AVX2 and FMA.
#pragma once

#if defined(__x86_64__)

#include <cstddef>

#include <immintrin.h>

#include "asterism/simd/target.hpp"

namespace asterism::simd::detail {

/// The kernels of Level::avx2: 6 rows and 16 columns in twelve vectors, which leaves registers for two vectors of b
/// and a value of a.
struct Avx2Gemm {
  static constexpr std::size_t rows = 6;
  static constexpr std::size_t cols = 16;

  /// As PortableGemm's.
  template <std::size_t Rows>
  ASTERISM_AVX2 static void multiply(const float* a, const float* b, std::size_t depth, float* c,
                                     std::size_t stride, bool adds) {
    __m256 sums[Rows][2];
    ASTERISM_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      _mm_prefetch(reinterpret_cast<const char*>(c + r * stride), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(c + r * stride + cols - 1), _MM_HINT_T0);
      sums[r][0] = _mm256_setzero_ps();
      sums[r][1] = _mm256_setzero_ps();
    }
    for (std::size_t k = 0; k < depth; ++k, a += rows, b += cols) {
      const __m256 right[2] = {_mm256_loadu_ps(b), _mm256_loadu_ps(b + 8)};
      ASTERISM_UNROLL
      for (std::size_t r = 0; r < Rows; ++r) {
        const __m256 left = _mm256_broadcast_ss(a + r);
        sums[r][0] = _mm256_fmadd_ps(left, right[0], sums[r][0]);
        sums[r][1] = _mm256_fmadd_ps(left, right[1], sums[r][1]);
      }
    }
    ASTERISM_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      float* const to = c + r * stride;
      ASTERISM_UNROLL
      for (std::size_t j = 0; j < 2; ++j) {
        const __m256 before = adds ? _mm256_loadu_ps(to + 8 * j) : _mm256_setzero_ps();
        _mm256_storeu_ps(to + 8 * j, adds ? _mm256_add_ps(before, sums[r][j]) : sums[r][j]);
      }
    }
  }
};

}  // namespace asterism::simd::detail

#endif
