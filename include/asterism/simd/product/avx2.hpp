// Products for processors with AVX2, FMA and F16C. Compiled by every compiler without a flag: only the functions
// marked here use these instructions, and they are called only if `supported(Level::avx2)`.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/fwd.hpp"
#include "asterism/simd/product/avx2_blocks.hpp"
#include "asterism/simd/product/avx2_unpack.hpp"
#include "asterism/simd/product/tile.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// The kernels of Level::avx2; see `tiled_product`.
///
/// Order of summation of one result: in each segment lane l of one vector sums the columns l, l + 8, l + 16 ...
/// with fused multiply-adds, then the lanes are added in the fixed order of `sum`, then the segment is added to
/// the result.
struct Avx2 : Avx2Unpack {
  /// 12 outputs of 512 columns: 24 KiB, which leaves room for four rows of the input in 32 KiB of cache.
  static constexpr std::size_t max_outputs = 12;
  /// With one row few weights are read at a time, each as one long stream from memory.
  static constexpr std::size_t outputs(std::size_t rows) { return rows == 1 ? 4 : max_outputs; }

  /// One row of the input times a tile that is unpacked in registers and never stored: the same products, added in
  /// the same order, as `unpack` and `multiply`. For matrices whose width is a multiple of 64.
  template <KnownBlocks Q>
  static bool takes_stored(quant::KernelMatrixRef<Q> matrix, std::size_t rows) {
    return rows == 1 && matrix.cols % 64 == 0 && matrix.in_tiles();
  }
  template <KnownBlocks Q>
  static void multiply_stored(quant::KernelMatrixRef<Q> matrix, std::uint64_t o, std::uint64_t c,
                              MatrixView<const float> x, bool accumulate, MatrixView<float> y) {
    std::size_t i = 0;
    for (; i + 4 <= y.cols; i += 4) multiply_row<4>(matrix, o + i, c, x.cols, x.data, accumulate, y.data + i);
    for (; i < y.cols; ++i) multiply_row<1>(matrix, o + i, c, x.cols, x.data, accumulate, y.data + i);
  }

  /// The same for plain numbers in rows of whole vectors.
  template <FloatFormat Q>
  static bool takes_stored(quant::KernelMatrixRef<Q> matrix, std::size_t rows) {
    return rows == 1 && matrix.cols % 8 == 0;
  }
  template <FloatFormat Q>
  static void multiply_stored(quant::KernelMatrixRef<Q> matrix, std::uint64_t o, std::uint64_t c,
                              MatrixView<const float> x, bool accumulate, MatrixView<float> y) {
    constexpr std::size_t size = Q::element_bytes;
    const std::size_t stride = static_cast<std::size_t>(matrix.cols) * size;
    const std::byte* weights = matrix.data + o * stride + c * size;
    std::size_t i = 0;
    for (; i + 4 <= y.cols; i += 4)
      multiply_numbers<4, Q>(weights + i * stride, stride, x, accumulate, y.data + i);
    for (; i < y.cols; ++i) multiply_numbers<1, Q>(weights + i * stride, stride, x, accumulate, y.data + i);
  }

  static void multiply(MatrixView<const float> x, Tile tile, bool accumulate, MatrixView<float> y) {
    std::size_t r = 0;
    for (; r + 4 <= x.rows; r += 4) multiply_rows<4, 3>(x, tile, accumulate, y, r);
    if (x.rows - r == 3) multiply_rows<3, 4>(x, tile, accumulate, y, r);
    if (x.rows - r == 2) multiply_rows<2, 4>(x, tile, accumulate, y, r);
    if (x.rows - r == 1) multiply_rows<1, 4>(x, tile, accumulate, y, r);
  }

 private:
  /// One row of the input times `Outputs` rows of weights, from the columns [c, c + cols).
  template <int Outputs, class Q>
  ASTERISM_AVX2 static void multiply_row(quant::KernelMatrixRef<Q> matrix, std::uint64_t o, std::uint64_t c,
                                         std::size_t cols, const float* x, bool accumulate, float* y) {
    const auto scales = Q::scales(matrix.matrix());
    quant::TiledRow rows[Outputs];
    __m256 sums[Outputs];
    ASTERISM_UNROLL
    for (int i = 0; i < Outputs; ++i) {
      rows[i] = quant::tiled_row(matrix, o + static_cast<std::uint64_t>(i));
      sums[i] = _mm256_setzero_ps();
    }
    for (std::size_t k = 0; k < cols; k += 64) {
      ASTERISM_UNROLL
      for (int i = 0; i < Outputs; ++i) {
        const auto stored = piece<Q>(rows[i], scales, c + k);
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

  template <int Outputs, class Q>
  ASTERISM_AVX2 static void multiply_numbers(const std::byte* weights, std::size_t stride,
                                             MatrixView<const float> x, bool accumulate, float* y) {
    constexpr std::size_t size = Q::element_bytes;
    __m256 sums[Outputs];
    ASTERISM_UNROLL
    for (int i = 0; i < Outputs; ++i) sums[i] = _mm256_setzero_ps();
    for (std::size_t k = 0; k < x.cols; k += 8) {
      const __m256 v = _mm256_loadu_ps(x.data + k);
      ASTERISM_UNROLL
      for (std::size_t i = 0; i < Outputs; ++i) {
        const std::byte* at = weights + i * stride + k * size;
        __builtin_prefetch(at + 512);
        sums[i] = _mm256_fmadd_ps(v, numbers<Q>(at), sums[i]);
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
};

}  // namespace asterism::simd

#endif
