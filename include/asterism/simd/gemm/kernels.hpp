// The parts of a product of matrices, by instruction set: what packs its operands, and what multiplies the panels.
#pragma once

#include <algorithm>
#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/simd/by_level.hpp"
#include "asterism/simd/gemm/ahead.hpp"
#include "asterism/simd/gemm/avx2.hpp"
#include "asterism/simd/gemm/avx512.hpp"
#include "asterism/simd/gemm/neon.hpp"
#include "asterism/simd/gemm/operand.hpp"
#include "asterism/simd/gemm/pack.hpp"
#include "asterism/simd/gemm/portable.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

namespace detail {

#if defined(__x86_64__)
using GemmKernels =
    ByLevel<On<Level::portable, PortableGemm>, On<Level::avx2, Avx2Gemm>, On<Level::avx512, Avx512Gemm>>;
#elif defined(__aarch64__)
using GemmKernels = ByLevel<On<Level::portable, PortableGemm>, On<Level::neon, NeonGemm>>;
#else
using GemmKernels = ByLevel<On<Level::portable, PortableGemm>>;
#endif

/// A tile of `rows` rows and Panels panels, rows <= Rows.
template <class Kernels, std::size_t Panels, std::size_t Rows>
void multiply_rows(std::size_t rows, const float* a, const float* b, std::size_t depth, float* c,
                   std::size_t stride, bool adds, GemmAhead& ahead) {
  if constexpr (Rows > 1) {
    if (rows < Rows) {
      return multiply_rows<Kernels, Panels, Rows - 1>(rows, a, b, depth, c, stride, adds, ahead);
    }
  }
  Kernels::template multiply<Rows, Panels>(a, b, depth, c, stride, adds, ahead);
}

/// The same where c may have fewer columns, beside which nothing is written.
template <class Kernels, std::size_t Panels, std::size_t Rows>
void multiply_tile(const float* a, const float* b, std::size_t depth, MatrixView<float> c, bool adds,
                   GemmAhead& ahead) {
  constexpr std::size_t cols = Panels * Kernels::cols;
  if (c.cols >= cols) {
    return multiply_rows<Kernels, Panels, Rows>(c.rows, a, b, depth, c.data, c.stride, adds, ahead);
  }
  float tile[Rows * cols];
  multiply_rows<Kernels, Panels, Rows>(c.rows, a, b, depth, tile, cols, false, ahead);
  for (std::size_t r = 0; r < c.rows; ++r) {
    for (std::size_t j = 0; j < c.cols; ++j) {
      float& to = c.data[r * c.stride + j];
      to = adds ? to + tile[r * cols + j] : tile[r * cols + j];
    }
  }
}

/// c = or += the product of panels of a, all rows of c, and panels of b, all columns of c. Where `unpacked` is b,
/// transposed, each panel of b is packed first; one whose lines are neighbours in memory while its first tile is
/// computed. A few last rows of c take two panels of b at once, since one would not give them enough sums to fill the
/// time that each takes.
template <class Kernels>
void multiply_panels(const float* a, float* b, std::size_t depth, MatrixView<float> c, bool adds, GemmAhead& ahead,
                     const GemmOperand& unpacked) {
  constexpr std::size_t rows = Kernels::rows;
  constexpr std::size_t cols = Kernels::cols;
  constexpr std::size_t few = Kernels::few_rows;
  const bool few_left = c.rows % rows > 0 && c.rows % rows <= few;
  const std::size_t most = few_left ? c.rows / rows * rows : c.rows;
  const auto tile = [&](std::size_t i, std::size_t j, std::size_t n_rows) {
    return MatrixView<float>(c.data + i * c.stride + j, n_rows, c.cols - j, c.stride);
  };
  for (std::size_t j = 0; j < c.cols; j += cols, b += cols * depth) {
    std::size_t i = 0;
    if (unpacked.data != nullptr) {
      const GemmOperand panel = unpacked.block(j, std::min(cols, c.cols - j), 0, depth);
      if (panel.col_stride != 1 && panel.rows == cols && most >= rows) {
        Kernels::template multiply<rows, 1, true>(a, b, depth, c.data + j, c.stride, adds, ahead, panel.data,
                                                  panel.col_stride);
        i = rows;
      } else {
        pack<cols, Kernels>(panel, b);
      }
    }
    for (; i < most; i += rows) {
      multiply_tile<Kernels, 1, rows>(a + i * depth, b, depth, tile(i, j, std::min(rows, most - i)), adds, ahead);
    }
    if (!few_left) continue;
    const float* const last = a + most * depth;
    if (j / cols % 2 != 0) {
      multiply_tile<Kernels, 2, few>(last, b - cols * depth, depth, tile(most, j - cols, c.rows - most), adds,
                                     ahead);
    } else if (c.cols - j <= cols) {
      multiply_tile<Kernels, 1, few>(last, b, depth, tile(most, j, c.rows - most), adds, ahead);
    }
  }
}

}  // namespace detail

/// The kernels of one level. Panels of a hold `rows` rows, panels of b `cols` columns; see gemm/pack.hpp.
struct GemmKernel {
  std::size_t rows = 0;
  std::size_t cols = 0;
  /// Panels of all rows of `a`, one behind the other.
  void (*pack_rows)(const GemmOperand& a, float* out) = nullptr;
  /// Panels of all columns of b, which comes transposed.
  void (*pack_cols)(const GemmOperand& b_transposed, float* out) = nullptr;
  /// c = a b or c += a b of panels over `depth` values of k. If `unpacked`, b transposed, has data, the panels of b are
  /// not there yet but are packed. Each `gemm_step` values of k of a tile of `rows` rows and `cols` columns are a step
  /// of `ahead`.
  void (*multiply)(const float* a, float* b, std::size_t depth, MatrixView<float> c, bool adds, GemmAhead& ahead,
                   const GemmOperand& unpacked) = nullptr;
};

/// Every width of a panel divides this.
inline constexpr std::size_t gemm_lines = 96;

inline GemmKernel gemm_kernel(Level use) {
  return detail::GemmKernels::run(use, [](auto kernels) {
    using Kernels = decltype(kernels);
    static_assert(gemm_lines % Kernels::rows == 0 && gemm_lines % Kernels::cols == 0);
    return GemmKernel{Kernels::rows, Kernels::cols, detail::pack<Kernels::rows, Kernels>,
                      detail::pack<Kernels::cols, Kernels>, detail::multiply_panels<Kernels>};
  });
}

}  // namespace asterism::simd
