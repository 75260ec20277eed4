// Bodies of gemm.hpp.
#pragma once

#include <algorithm>
#include <cstddef>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/simd/gemm.hpp"
#include "asterism/simd/gemm/kernels.hpp"

namespace asterism::simd {

ASTERISM_INLINE void check_gemm(const Gemm& product) {
  const auto& [a, b, c, adds] = product;
  if (a.cols != b.rows || a.rows != c.rows || b.cols != c.cols) {
    throw InvalidArgument(concat("gemm: a (", a.rows, ", ", a.cols, ") times b (", b.rows, ", ", b.cols,
                                 ") has no place in c (", c.rows, ", ", c.cols, ")"));
  }
  for (const GemmOperand& one : {a, b}) {
    if (one.row_stride != 1 && one.col_stride != 1) {
      throw InvalidArgument(concat("gemm: an operand (", one.rows, ", ", one.cols, ") has strides of ",
                                   one.row_stride, " and ", one.col_stride, ": one of them must be 1"));
    }
  }
}

ASTERISM_INLINE void gemm(const Gemm& product, View<float> scratch, Level use) {
  check_gemm(product);
  if (scratch.size < gemm_scratch) {
    throw InvalidArgument(concat("gemm: ", scratch.size, " floats of scratch; it needs ", gemm_scratch));
  }
  const MatrixView<float> c = product.c;
  const std::size_t depth = product.a.cols;
  if (depth == 0 && !product.adds) {
    for (std::size_t i = 0; i < c.rows; ++i) std::fill_n(c.data + i * c.stride, c.cols, 0.0F);
  }
  const GemmKernel kernel = gemm_kernel(use);
  const std::size_t most_rows = gemm_rows / kernel.rows * kernel.rows;
  const std::size_t most_cols = gemm_cols / kernel.cols * kernel.cols;
  GemmAhead nothing;
  float* const right = scratch.data;
  float* const left = scratch.data + gemm_cols * gemm_depth;
  for (std::size_t j = 0; j < c.cols; j += most_cols) {
    const std::size_t cols = std::min(most_cols, c.cols - j);
    for (std::size_t k = 0; k < depth; k += gemm_depth) {
      const std::size_t deep = std::min(gemm_depth, depth - k);
      GemmOperand unpacked = product.b.transposed().block(j, cols, k, deep);
      for (std::size_t i = 0; i < c.rows; i += most_rows) {
        const std::size_t rows = std::min(most_rows, c.rows - i);
        kernel.pack_rows(product.a.block(i, rows, k, deep), left);
        kernel.multiply(left, right, deep, {c.data + i * c.stride + j, rows, cols, c.stride},
                        product.adds || k > 0, nothing, unpacked);
        unpacked.data = nullptr;
      }
    }
  }
}

}  // namespace asterism::simd
