// The parts of a product of matrices, by instruction set: what packs its operands, and what multiplies the panels.
#pragma once

#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/simd/by_level.hpp"
#include "asterism/simd/gemm.hpp"
#include "asterism/simd/gemm/avx2.hpp"
#include "asterism/simd/gemm/pack.hpp"
#include "asterism/simd/gemm/portable.hpp"

namespace asterism::simd::detail {

/// Panels of packed lines, of `width` lines each.
constexpr std::size_t panel_floats(std::size_t lines, std::size_t width, std::size_t depth) {
  return (lines + width - 1) / width * width * depth;
}

#if defined(__x86_64__)
using GemmKernels = ByLevel<On<Level::portable, PortableGemm>, On<Level::avx2, Avx2Gemm>>;
#else
using GemmKernels = ByLevel<On<Level::portable, PortableGemm>>;
#endif

/// c(r, j) = or += for the last `rows` rows of a tile, at most Rows.
template <class Kernels, std::size_t Rows = Kernels::rows>
void multiply_rows(std::size_t rows, const float* a, const float* b, std::size_t depth, float* c,
                   std::size_t stride, bool adds) {
  if constexpr (Rows > 1) {
    if (rows < Rows) return multiply_rows<Kernels, Rows - 1>(rows, a, b, depth, c, stride, adds);
  }
  Kernels::template multiply<Rows>(a, b, depth, c, stride, adds);
}

/// c = or += the product of panels of a, all rows of c, and panels of b, all columns of c.
template <class Kernels>
void multiply_panels(const float* a, const float* b, std::size_t depth, MatrixView<float> c, bool adds) {
  constexpr std::size_t rows = Kernels::rows;
  constexpr std::size_t cols = Kernels::cols;
  for (std::size_t j = 0; j < c.cols; j += cols, b += cols * depth) {
    const float* panel = a;
    for (std::size_t i = 0; i < c.rows; i += rows, panel += rows * depth) {
      const std::size_t tall = c.rows - i < rows ? c.rows - i : rows;
      float* const to = c.data + i * c.stride + j;
      if (c.cols - j >= cols) {
        multiply_rows<Kernels>(tall, panel, b, depth, to, c.stride, adds);
        continue;
      }
      float tile[rows * cols];  // nothing is written beside c
      multiply_rows<Kernels>(tall, panel, b, depth, tile, cols, false);
      for (std::size_t r = 0; r < tall; ++r) {
        for (std::size_t w = 0; w < c.cols - j; ++w) {
          to[r * c.stride + w] = adds ? to[r * c.stride + w] + tile[r * cols + w] : tile[r * cols + w];
        }
      }
    }
  }
}

/// The kernels of one level.
struct GemmKernel {
  std::size_t rows = 0;  ///< lines of a panel of a
  std::size_t cols = 0;  ///< lines of a panel of b
  void (*pack_rows)(const GemmLines& from, float* out) = nullptr;
  void (*pack_cols)(const GemmLines& from, float* out) = nullptr;
  void (*multiply)(const float* a, const float* b, std::size_t depth, MatrixView<float> c, bool adds) = nullptr;
};

inline GemmKernel gemm_kernel(Level use) {
  return GemmKernels::run(use, [](auto kernels) {
    using Kernels = decltype(kernels);
    return GemmKernel{Kernels::rows, Kernels::cols, pack<Kernels::rows>, pack<Kernels::cols>,
                      multiply_panels<Kernels>};
  });
}

}  // namespace asterism::simd::detail
