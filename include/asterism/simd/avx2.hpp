// Products for processors with AVX2, FMA and F16C. Compiled by every compiler without a flag: only the functions
// marked here use these instructions, and nobody calls them unless `supported(Level::avx2)`.
#pragma once

#include "asterism/simd/portable.hpp"

#if !defined(__x86_64__)

namespace asterism::simd {
struct Avx2 : Portable {};  // never chosen: see `supported`
}  // namespace asterism::simd

#else

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/quant/packed.hpp"
#include "asterism/simd/avx2_blocks.hpp"
#include "asterism/simd/avx2_unpack.hpp"
#include "asterism/simd/fwd.hpp"
#include "asterism/simd/tile.hpp"

#define ASTERISM_AVX2 __attribute__((target("avx2,fma,f16c")))
#if defined(__clang__)
#define ASTERISM_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ASTERISM_UNROLL _Pragma("GCC unroll 16")
#endif

namespace asterism::simd {

/// The kernels of Level::avx2; see `tiled_product` and `vector.hpp`.
///
/// Order of summation of one result: in each segment lane l of one vector sums the columns l, l + 8, l + 16 ...
/// with fused multiply-adds, then the lanes are added in the fixed order of `sum`, then the segment joins the
/// result.
struct Avx2 : Avx2Unpack {
  /// 12 outputs of 512 columns: 24 KiB, so that four rows of the input fit beside them in 32 KiB of cache.
  static constexpr std::size_t max_outputs = 12;
  /// One row reads few weights at a time, so that each is one long stream from memory.
  static constexpr std::size_t outputs(std::size_t rows) { return rows == 1 ? 4 : max_outputs; }

  /// One row of the input times a tile that is unpacked in registers and never written down: the same products,
  /// added in the same order, as `unpack` and `multiply`. For matrices whose width is a multiple of 64.
  template <Avx2Blockwise Q>
  static void multiply_row(quant::Packed<Q> matrix, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                           std::size_t cols, const float* x, bool accumulate, float* y) {
    std::size_t i = 0;
    for (; i + 4 <= outputs; i += 4) multiply_stored<4>(matrix, o + i, c, cols, x, accumulate, y + i);
    for (; i < outputs; ++i) multiply_stored<1>(matrix, o + i, c, cols, x, accumulate, y + i);
  }

  static void multiply(MatrixView<const float> x, Tile tile, bool accumulate, MatrixView<float> y) {
    std::size_t r = 0;
    for (; r + 4 <= x.rows; r += 4) multiply_rows<4, 3>(x, tile, accumulate, y, r);
    if (x.rows - r == 3) multiply_rows<3, 4>(x, tile, accumulate, y, r);
    if (x.rows - r == 2) multiply_rows<2, 4>(x, tile, accumulate, y, r);
    if (x.rows - r == 1) multiply_rows<1, 4>(x, tile, accumulate, y, r);
  }

  ASTERISM_AVX2 static float dot(const float* a, const float* b, std::size_t n) { return dot_of(a, b, n); }
  ASTERISM_AVX2 static float dot(const float* a, const std::uint16_t* b, std::size_t n) { return dot_of(a, b, n); }
  ASTERISM_AVX2 static float dot(const float* a, const std::int8_t* b, std::size_t n) { return dot_of(a, b, n); }

  ASTERISM_AVX2 static void add_scaled(float* y, float a, const float* x, std::size_t n) {
    add_scaled_of(y, a, x, n);
  }
  ASTERISM_AVX2 static void add_scaled(float* y, float a, const std::uint16_t* x, std::size_t n) {
    add_scaled_of(y, a, x, n);
  }
  ASTERISM_AVX2 static void add_scaled(float* y, float a, const std::int8_t* x, std::size_t n) {
    add_scaled_of(y, a, x, n);
  }

  ASTERISM_AVX2 static void to_float16(const float* in, std::uint16_t* out, std::size_t n) {
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
      const __m128i half = _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), half);
    }
    Portable::to_float16(in + i, out + i, n - i);
  }

  ASTERISM_AVX2 static void to_float32(const std::uint16_t* in, float* out, std::size_t n) {
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(out + i, load(in + i));
    Portable::to_float32(in + i, out + i, n - i);
  }

 private:
  /// One row of the input times `Outputs` rows of weights, from the columns [c, c + cols).
  template <int Outputs, class Q>
  ASTERISM_AVX2 static void multiply_stored(quant::Packed<Q> matrix, std::uint64_t o, std::uint64_t c,
                                            std::size_t cols, const float* x, bool accumulate, float* y) {
    const auto scales = Q::scales(matrix);
    __m256 sums[Outputs];
    ASTERISM_UNROLL
    for (int i = 0; i < Outputs; ++i) sums[i] = _mm256_setzero_ps();
    for (std::size_t k = 0; k < cols; k += 64) {
      ASTERISM_UNROLL
      for (int i = 0; i < Outputs; ++i) {
        const std::uint64_t first = (o + static_cast<std::uint64_t>(i)) * matrix.cols + c + k;
        const auto stored = piece(matrix, scales, first);
        const FourVectors low = weights<0>(stored);
        ASTERISM_UNROLL
        for (int j = 0; j < 4; ++j) sums[i] = _mm256_fmadd_ps(load(x + k + 8 * j), low.values[j], sums[i]);
        const FourVectors high = weights<1>(stored);
        ASTERISM_UNROLL
        for (int j = 0; j < 4; ++j) sums[i] = _mm256_fmadd_ps(load(x + k + 32 + 8 * j), high.values[j], sums[i]);
      }
    }
    ASTERISM_UNROLL
    for (int i = 0; i < Outputs; ++i) y[i] = accumulate ? y[i] + sum(sums[i]) : sum(sums[i]);
  }

  /// Rows [r, r + Rows) of the input times all outputs of the tile, `Outputs` at a time: Rows * Outputs sums in
  /// registers.
  template <int Rows, int Outputs>
  static void multiply_rows(MatrixView<const float> x, Tile tile, bool accumulate, MatrixView<float> y,
                            std::size_t r) {
    const float* rows = x.data + r * x.stride;
    float* results = y.data + r * y.stride;
    std::size_t o = 0;
    for (; o + Outputs <= tile.outputs; o += Outputs) {
      multiply_block<Rows, Outputs>(rows, x.stride, tile.data + o * tile.stride, tile.stride, tile.cols,
                                    accumulate, results + o, y.stride);
    }
    for (; o < tile.outputs; ++o) {
      multiply_block<Rows, 1>(rows, x.stride, tile.data + o * tile.stride, tile.stride, tile.cols, accumulate,
                              results + o, y.stride);
    }
  }

  template <int Rows, int Outputs>
  ASTERISM_AVX2 static void multiply_block(const float* x, std::size_t x_stride, const float* weights,
                                           std::size_t weights_stride, std::size_t cols, bool accumulate, float* y,
                                           std::size_t y_stride) {
    __m256 sums[Rows][Outputs];
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int o = 0; o < Outputs; ++o) sums[r][o] = _mm256_setzero_ps();
    }
    std::size_t c = 0;
    for (; c + 8 <= cols; c += 8) {
      __m256 w[Outputs];
      ASTERISM_UNROLL
      for (int o = 0; o < Outputs; ++o) w[o] = _mm256_loadu_ps(weights + o * weights_stride + c);
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        const __m256 v = _mm256_loadu_ps(x + r * x_stride + c);
        ASTERISM_UNROLL
        for (int o = 0; o < Outputs; ++o) sums[r][o] = _mm256_fmadd_ps(v, w[o], sums[r][o]);
      }
    }
    if (c < cols) {
      const __m256i mask = first_lanes(cols - c);
      ASTERISM_UNROLL
      for (int o = 0; o < Outputs; ++o) {
        const __m256 w = _mm256_maskload_ps(weights + o * weights_stride + c, mask);
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          sums[r][o] = _mm256_fmadd_ps(_mm256_maskload_ps(x + r * x_stride + c, mask), w, sums[r][o]);
        }
      }
    }
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int o = 0; o < Outputs; ++o) {
        float& result = y[r * y_stride + o];
        result = accumulate ? result + sum(sums[r][o]) : sum(sums[r][o]);
      }
    }
  }

  /// The eight lanes added up in a fixed order.
  ASTERISM_AVX2 static float sum(__m256 v) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  }

  /// All bits set in the first `count` of eight lanes.
  ASTERISM_AVX2 static __m256i first_lanes(std::size_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
  }

  ASTERISM_AVX2 static __m256 load(const float* from) { return _mm256_loadu_ps(from); }
  ASTERISM_AVX2 static __m256 load(const std::uint16_t* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  ASTERISM_AVX2 static __m256 load(const std::int8_t* from) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
  }
  ASTERISM_AVX2 static __m256 load_first(const float* from, std::size_t count) {
    return _mm256_maskload_ps(from, first_lanes(count));
  }
  template <class Element>
  ASTERISM_AVX2 static __m256 load_first(const Element* from, std::size_t count) {
    Element eight[8] = {};
    for (std::size_t i = 0; i < count; ++i) eight[i] = from[i];
    return load(eight);
  }

  template <class B>
  ASTERISM_AVX2 static float dot_of(const float* a, const B* b, std::size_t n) {
    __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    std::size_t i = 0;
    for (; i + 32 <= n; i += 32) {
      ASTERISM_UNROLL
      for (int k = 0; k < 4; ++k) sums[k] = _mm256_fmadd_ps(load(a + i + 8 * k), load(b + i + 8 * k), sums[k]);
    }
    for (; i + 8 <= n; i += 8) sums[0] = _mm256_fmadd_ps(load(a + i), load(b + i), sums[0]);
    if (i < n) sums[1] = _mm256_fmadd_ps(load_first(a + i, n - i), load_first(b + i, n - i), sums[1]);
    return sum(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
  }

  template <class X>
  ASTERISM_AVX2 static void add_scaled_of(float* y, float a, const X* x, std::size_t n) {
    const __m256 factor = _mm256_set1_ps(a);
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, _mm256_fmadd_ps(factor, load(x + i), load(y + i)));
    if (i == n) return;
    const __m256 last = _mm256_fmadd_ps(factor, load_first(x + i, n - i), load_first(y + i, n - i));
    _mm256_maskstore_ps(y + i, first_lanes(n - i), last);
  }
};

}  // namespace asterism::simd

#undef ASTERISM_AVX2
#undef ASTERISM_UNROLL

#endif
