// Exact products with weights stored in rows, for processors with AVX-512.
#pragma once

#if defined(__x86_64__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/product/avx2_unpack.hpp"
#include "asterism/simd/product/tile.hpp"
#include "asterism/simd/target.hpp"

#if !defined(__clang__)  // g++ 12 warns about the undefined registers of its own intrinsics
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace asterism::simd {

/// Kernels for `tiled_product`. With few rows numbers are multiplied as they are stored; other formats, and 16-bit
/// numbers with many rows, are unpacked first.
///
/// Order of summation of one result: in each segment lane l of one vector sums the columns l, l + 16, l + 32 ...
/// with fused multiply-adds, then the lanes are added in the fixed order of `sums_of`, then the segment is added
/// to the result.
struct Avx512Rows : Avx2Unpack {
  static constexpr std::size_t max_outputs = 12;
  /// Few rows read four long streams from memory.
  static constexpr std::size_t outputs(std::size_t rows) { return rows <= few ? 4 : max_outputs; }

  template <FloatFormat Q>
  static bool takes_stored(quant::KernelMatrixRef<Q> /*weights*/, std::size_t rows) {
    return rows <= few;
  }

  template <FloatFormat Q>
  static void multiply_stored(quant::KernelMatrixRef<Q> weights, std::uint64_t o, std::uint64_t c,
                              MatrixView<const float> x, bool accumulate, MatrixView<float> y) {
    multiply_all<Q>(x, weights.data + (o * weights.cols + c) * size_of<Q>,
                    static_cast<std::size_t>(weights.cols) * size_of<Q>, accumulate, y);
  }

  static void multiply(MatrixView<const float> x, Tile tile, bool accumulate, MatrixView<float> y) {
    multiply_all<Unpacked>(x, reinterpret_cast<const std::byte*>(tile.data), tile.stride * sizeof(float),
                           accumulate, y);
  }

 private:
  /// float32 in the first-level cache.
  struct Unpacked {};
  template <class Q>
  static constexpr std::size_t size_of =
      std::same_as<Q, quant::BFloat16> || std::same_as<Q, quant::Float16> ? 2 : 4;

  static constexpr std::size_t few = 8;
  /// Prefetch distance in bytes, in each stream.
  static constexpr std::size_t ahead = 512;

  /// All rows of x times y.cols rows of weights, `stride` bytes apart.
  template <class Q>
  static void multiply_all(MatrixView<const float> x, const std::byte* weights, std::size_t stride,
                           bool accumulate, MatrixView<float> y) {
    std::size_t r = 0;
    for (; x.rows - r >= 4; r += 4) multiply_rows<4, Q>(x, r, weights, stride, accumulate, y);
    for (; x.rows - r >= 2; r += 2) multiply_rows<2, Q>(x, r, weights, stride, accumulate, y);
    if (x.rows > r) multiply_rows<1, Q>(x, r, weights, stride, accumulate, y);
  }

  template <int Rows, class Q>
  static void multiply_rows(MatrixView<const float> x, std::size_t r, const std::byte* weights, std::size_t stride,
                            bool accumulate, MatrixView<float> y) {
    for (std::size_t o = 0; o < y.cols; o += 4) {
      multiply_block<Rows, Q>(x.data + r * x.stride, x.stride, x.cols, weights + o * stride, stride, accumulate,
                              y.data + r * y.stride + o, y.stride, y.cols - o);
    }
  }

  /// `Rows` rows of x times four rows of weights, or fewer at the end.
  template <int Rows, class Q>
  ASTERISM_AVX512_BYTES static void multiply_block(const float* x, std::size_t x_stride, std::size_t cols,
                                                   const std::byte* weights, std::size_t stride, bool accumulate,
                                                   float* y, std::size_t y_stride, std::size_t outputs) {
    constexpr std::size_t size = size_of<Q>;
    const std::byte* from[4];
    __m512 sums[Rows][4];
    ASTERISM_UNROLL
    for (std::size_t o = 0; o < 4; ++o) from[o] = weights + (o < outputs ? o : 0) * stride;
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int o = 0; o < 4; ++o) sums[r][o] = _mm512_setzero_ps();
    }
    std::size_t c = 0;
    for (; c + 16 <= cols; c += 16) {
      __m512 w[4];
      ASTERISM_UNROLL
      for (int o = 0; o < 4; ++o) {
        if constexpr (!std::same_as<Q, Unpacked>) {
          _mm_prefetch(reinterpret_cast<const char*>(from[o] + c * size + ahead), _MM_HINT_T0);
        }
        w[o] = load<Q>(from[o] + c * size, 0xFFFF);
      }
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        const __m512 v = _mm512_loadu_ps(x + static_cast<std::size_t>(r) * x_stride + c);
        ASTERISM_UNROLL
        for (int o = 0; o < 4; ++o) sums[r][o] = _mm512_fmadd_ps(v, w[o], sums[r][o]);
      }
    }
    if (c < cols) {
      const auto left = static_cast<std::uint16_t>((1U << (cols - c)) - 1U);
      ASTERISM_UNROLL
      for (int o = 0; o < 4; ++o) {
        const __m512 w = load<Q>(from[o] + c * size, left);
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          const __m512 v = _mm512_maskz_loadu_ps(left, x + static_cast<std::size_t>(r) * x_stride + c);
          sums[r][o] = _mm512_fmadd_ps(v, w, sums[r][o]);
        }
      }
    }
    const auto wanted = static_cast<std::uint8_t>((1U << (outputs < 4 ? outputs : 4)) - 1U);
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      float* to = y + static_cast<std::size_t>(r) * y_stride;
      const __m128 sum = sums_of(sums[r]);
      const __m128 before = accumulate ? _mm_maskz_loadu_ps(wanted, to) : _mm_setzero_ps();
      _mm_mask_storeu_ps(to, wanted, _mm_add_ps(before, sum));
    }
  }

  /// Sixteen weights; zeros where masked.
  template <class Q>
  ASTERISM_AVX512_BYTES static __m512 load(const std::byte* at, std::uint16_t mask) {
    if constexpr (size_of<Q> == 4) {
      return _mm512_maskz_loadu_ps(mask, at);
    } else {
      const __m256i bits = _mm256_maskz_loadu_epi16(mask, at);
      if constexpr (std::same_as<Q, quant::Float16>) return _mm512_cvtph_ps(bits);
      return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
    }
  }

  /// Sums the lanes of each of four vectors: at distances of 2, 1, 8 and 4.
  ASTERISM_AVX512_BYTES static __m128 sums_of(const __m512 (&v)[4]) {
    const __m512 first = _mm512_add_ps(_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1]));
    const __m512 second = _mm512_add_ps(_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3]));
    const __m512d pairs[2] = {_mm512_castps_pd(first), _mm512_castps_pd(second)};
    const __m512 all = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(pairs[0], pairs[1])),
                                     _mm512_castpd_ps(_mm512_unpackhi_pd(pairs[0], pairs[1])));
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  }
};

}  // namespace asterism::simd

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
