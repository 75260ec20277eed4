// Tiles of products of matrices on any processor.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "asterism/simd/gemm/ahead.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd::detail {

/// The kernels of Level::portable: 4 rows and 8 columns in eight vectors of four floats.
struct PortableGemm {
  static constexpr std::size_t rows = 4;      ///< lines of a panel of a
  static constexpr std::size_t cols = 8;      ///< lines of a panel of b
  static constexpr std::size_t few_rows = 2;  ///< that take two panels of b at once

  /// c(r, j) = or += the sum over k of a(r, k) * b(k, j) for r < Rows and j < Panels * cols: one panel of a, and Panels
  /// of b. Each product is added at once, k ascending. If `Packs`, the panel of b is not there yet: its row k lies at
  /// from + k * from_stride, and is stored in b.
  template <std::size_t Rows, std::size_t Panels, bool Packs = false>
  static void multiply(const float* a, std::conditional_t<Packs, float*, const float*> b, std::size_t depth,
                       float* c, std::size_t stride, bool adds, GemmAhead& ahead, const float* from = nullptr,
                       std::size_t from_stride = 0) {
    using Four [[gnu::vector_size(16)]] = float;
    static_assert(!Packs || Panels == 1);
    constexpr std::size_t vectors = 2 * Panels;
    [[maybe_unused]] const std::size_t panel = cols * depth;
    Four sums[Rows][vectors] = {};
    for (std::size_t k = 0; k < depth;) {
      ahead.step();
      for (const std::size_t end = std::min(depth, k + gemm_step); k < end; ++k, a += rows, b += cols) {
        Four right[vectors];
        if constexpr (Packs) {
          std::memcpy(right, from, sizeof right);
          std::memcpy(b, right, sizeof right);
          from += from_stride;
        } else {
          ASTERISM_UNROLL
          for (std::size_t j = 0; j < vectors; ++j) {
            std::memcpy(&right[j], b + j / 2 * panel + j % 2 * 4, sizeof right[j]);
          }
        }
        ASTERISM_UNROLL
        for (std::size_t r = 0; r < Rows; ++r) {
          const Four left = {a[r], a[r], a[r], a[r]};
          ASTERISM_UNROLL
          for (std::size_t j = 0; j < vectors; ++j) sums[r][j] = left * right[j] + sums[r][j];
        }
      }
    }
    ASTERISM_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (std::size_t j = 0; j < vectors; ++j) {
        float* const to = c + r * stride + 4 * j;
        if (adds) {
          Four before;
          std::memcpy(&before, to, sizeof before);
          sums[r][j] = before + sums[r][j];
        }
        std::memcpy(to, &sums[r][j], sizeof sums[r][j]);
      }
    }
  }
};

}  // namespace asterism::simd::detail
