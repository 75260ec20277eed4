// Products in plain C++, for every machine: the reference of the other instruction sets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/fwd.hpp"
#include "asterism/simd/product/tile.hpp"

namespace asterism::simd {

/// The kernels of Level::portable; see `tiled_product`.
struct Portable {
  static constexpr std::size_t max_outputs = 8;
  static constexpr std::size_t outputs(std::size_t /*rows*/) { return max_outputs; }

  template <quant::Quantization Q>
  static void unpack(quant::KernelMatrixRef<Q> weights, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                     std::size_t cols, float* out) {
    for (std::size_t i = 0; i < outputs; ++i) {
      quant::decode(weights, (o + i) * weights.cols + c, View<float>(out + i * segment, cols));
    }
  }

  static void multiply(MatrixView<const float> x, Tile tile, bool accumulate, MatrixView<float> y) {
    for (std::size_t r = 0; r < x.rows; ++r) {
      const float* row = x.data + r * x.stride;
      float* results = y.data + r * y.stride;
      for (std::size_t o = 0; o < tile.outputs; ++o) {
        const float sum = dot(row, tile.data + o * tile.stride, tile.cols);
        results[o] = accumulate ? results[o] + sum : sum;
      }
    }
  }

  /// Sum of a[i] * b[i], in 16 interleaved sums. A function of its own, so that all callers get the same rounding.
  __attribute__((noinline)) static float dot(const float* a, const float* b, std::size_t n) {
    // Four arrays of four, because g++ keeps them in registers and leaves one of sixteen in memory.
    float sums0[4] = {};
    float sums1[4] = {};
    float sums2[4] = {};
    float sums3[4] = {};
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
      for (std::size_t l = 0; l < 4; ++l) sums0[l] += a[i + l] * b[i + l];
      for (std::size_t l = 0; l < 4; ++l) sums1[l] += a[i + 4 + l] * b[i + 4 + l];
      for (std::size_t l = 0; l < 4; ++l) sums2[l] += a[i + 8 + l] * b[i + 8 + l];
      for (std::size_t l = 0; l < 4; ++l) sums3[l] += a[i + 12 + l] * b[i + 12 + l];
    }
    for (std::size_t l = 0; l < 4; ++l) sums0[l] = (sums0[l] + sums1[l]) + (sums2[l] + sums3[l]);
    float sum = (sums0[0] + sums0[1]) + (sums0[2] + sums0[3]);
    for (; i < n; ++i) sum += a[i] * b[i];
    return sum;
  }
};

}  // namespace asterism::simd
