// Tiles of products of matrices on any processor.
#pragma once

#include <cstddef>
#include <cstring>

#include "asterism/simd/target.hpp"

namespace asterism::simd::detail {

/// The kernels of Level::portable: 4 rows and 8 columns in eight vectors of four floats.
struct PortableGemm {
  static constexpr std::size_t rows = 4;
  static constexpr std::size_t cols = 8;

  /// c(r, j) = or += the sum over k of a[k * rows + r] * b[k * cols + j] for r < Rows and j < cols.
  template <std::size_t Rows>
  static void multiply(const float* a, const float* b, std::size_t depth, float* c, std::size_t stride,
                       bool adds) {
    using Four [[gnu::vector_size(16)]] = float;
    Four sums[Rows][2] = {};
    for (std::size_t k = 0; k < depth; ++k, a += rows, b += cols) {
      Four right[2];
      std::memcpy(right, b, sizeof right);
      ASTERISM_UNROLL
      for (std::size_t r = 0; r < Rows; ++r) {
        const Four left = {a[r], a[r], a[r], a[r]};
        ASTERISM_UNROLL
        for (std::size_t j = 0; j < 2; ++j) sums[r][j] = left * right[j] + sums[r][j];
      }
    }
    ASTERISM_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      if (adds) {
        Four before[2];
        std::memcpy(before, c + r * stride, sizeof before);
        ASTERISM_UNROLL
        for (std::size_t j = 0; j < 2; ++j) sums[r][j] = before[j] + sums[r][j];
      }
      std::memcpy(c + r * stride, sums[r], sizeof sums[r]);
    }
  }
};

}  // namespace asterism::simd::detail
