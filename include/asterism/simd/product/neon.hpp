// Products with NEON, for every aarch64 processor.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

#include "asterism/core/view.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/fwd.hpp"
#include "asterism/simd/product/known_formats.hpp"
#include "asterism/simd/product/neon_unpack.hpp"
#include "asterism/simd/product/tile.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// The kernels of Level::neon; see `tiled_product`.
///
/// Order of summation of one result, the same as Avx2's: in each segment lane l of two vectors of four sums the columns
/// l, l + 8, l + 16 ... with fused multiply-adds, then lanes at distances of 4, 2 and 1 are added, then the segment is
/// added to the result.
struct Neon : NeonUnpack {
  static constexpr std::size_t max_outputs = 12;
  static constexpr std::size_t outputs(std::size_t rows) { return rows == 1 ? 4 : max_outputs; }

  /// One row of the input times weights that are unpacked in registers and never stored: the same products, added in
  /// the same order, as `unpack` and `multiply`.
  template <KnownBlocks Q>
  static bool takes_stored(quant::KernelMatrixRef<Q> matrix, std::size_t rows) {
    return rows == 1 && matrix.in_tiles();
  }
  template <KnownBlocks Q>
  static void multiply_stored(quant::KernelMatrixRef<Q> matrix, std::uint64_t o, std::uint64_t c,
                              MatrixView<const float> x, bool accumulate, MatrixView<float> y) {
    const auto scales = Q::scales(matrix.matrix());
    for (std::size_t i = 0; i < y.cols; ++i) {
      const quant::TiledRow row = quant::tiled_row(matrix, o + i);
      Lanes sums;
      for (std::size_t k = 0; k < x.cols; k += 32) {
        const Weights32 weights = blocks<Q>(row, scales, c + k);
        ASTERISM_UNROLL
        for (std::size_t j = 0; j < 8; ++j) {
          float32x4_t& sum = j % 2 == 0 ? sums.low : sums.high;
          sum = vfmaq_f32(sum, vld1q_f32(x.data + k + 4 * j), weights.values[j]);
        }
      }
      y.data[i] = accumulate ? y.data[i] + sums.sum() : sums.sum();
    }
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
  /// Eight sums.
  struct Lanes {
    float32x4_t low = vdupq_n_f32(0);
    float32x4_t high = vdupq_n_f32(0);

    /// They added up in a fixed order.
    float sum() const {
      const float32x4_t four = vaddq_f32(low, high);
      const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
      return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
    }
  };

  template <int Outputs, class Q>
  static void multiply_numbers(const std::byte* weights, std::size_t stride, MatrixView<const float> x,
                               bool accumulate, float* y) {
    constexpr std::size_t size = Q::element_bytes;
    Lanes sums[Outputs];
    for (std::size_t k = 0; k < x.cols; k += 8) {
      const float32x4_t low = vld1q_f32(x.data + k);
      const float32x4_t high = vld1q_f32(x.data + k + 4);
      ASTERISM_UNROLL
      for (std::size_t i = 0; i < Outputs; ++i) {
        const std::byte* at = weights + i * stride + k * size;
        __builtin_prefetch(at + 512);
        sums[i].low = vfmaq_f32(sums[i].low, low, numbers<Q>(at));
        sums[i].high = vfmaq_f32(sums[i].high, high, numbers<Q>(at + 4 * size));
      }
    }
    ASTERISM_UNROLL
    for (int i = 0; i < Outputs; ++i) y[i] = accumulate ? y[i] + sums[i].sum() : sums[i].sum();
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
  static void multiply_block(const float* x, std::size_t x_stride, const float* weights,
                             std::size_t weights_stride, std::size_t cols, bool accumulate, float* y,
                             std::size_t y_stride) {
    Lanes sums[Rows][Outputs];
    std::size_t c = 0;
    for (; c + 8 <= cols; c += 8) add<Rows, Outputs>(x + c, x_stride, weights + c, weights_stride, sums);
    if (c < cols) {  // copies, filled up with zeros
      float last_x[Rows][8] = {};
      float last_weights[Outputs][8] = {};
      for (std::size_t k = c; k < cols; ++k) {
        for (std::size_t r = 0; r < Rows; ++r) last_x[r][k - c] = x[r * x_stride + k];
        for (std::size_t o = 0; o < Outputs; ++o) last_weights[o][k - c] = weights[o * weights_stride + k];
      }
      add<Rows, Outputs>(last_x[0], 8, last_weights[0], 8, sums);
    }
    ASTERISM_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (std::size_t o = 0; o < Outputs; ++o) {
        float& result = y[r * y_stride + o];
        result = accumulate ? result + sums[r][o].sum() : sums[r][o].sum();
      }
    }
  }

  /// Eight columns, four after four, so that fewer registers hold weights.
  template <int Rows, int Outputs>
  static void add(const float* x, std::size_t x_stride, const float* weights, std::size_t weights_stride,
                  Lanes (&sums)[Rows][Outputs]) {
    ASTERISM_UNROLL
    for (std::size_t c = 0; c < 8; c += 4) {
      float32x4_t w[Outputs];
      ASTERISM_UNROLL
      for (std::size_t o = 0; o < Outputs; ++o) w[o] = vld1q_f32(weights + o * weights_stride + c);
      ASTERISM_UNROLL
      for (std::size_t r = 0; r < Rows; ++r) {
        const float32x4_t v = vld1q_f32(x + r * x_stride + c);
        ASTERISM_UNROLL
        for (std::size_t o = 0; o < Outputs; ++o) {
          float32x4_t& sum = c == 0 ? sums[r][o].low : sums[r][o].high;
          sum = vfmaq_f32(sum, v, w[o]);
        }
      }
    }
  }
};

}  // namespace asterism::simd

#endif
