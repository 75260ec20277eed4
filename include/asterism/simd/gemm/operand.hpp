// An operand of a product of float32 matrices, by rows or by columns.
#pragma once

#include <cstddef>

#include "asterism/core/view.hpp"

namespace asterism::simd {

/// A matrix (rows, cols) that lies by rows or by columns: element (i, j) is data[i * row_stride + j * col_stride],
/// and one of the two strides is 1.
struct GemmOperand {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t row_stride = 0;
  std::size_t col_stride = 1;

  static constexpr GemmOperand of(MatrixView<const float> matrix) {
    return {matrix.data, matrix.rows, matrix.cols, matrix.stride, 1};
  }
  constexpr GemmOperand transposed() const { return {data, cols, rows, col_stride, row_stride}; }
  /// Rows [i, i + n_rows) of columns [j, j + n_cols).
  constexpr GemmOperand block(std::size_t i, std::size_t n_rows, std::size_t j, std::size_t n_cols) const {
    return {data + i * row_stride + j * col_stride, n_rows, n_cols, row_stride, col_stride};
  }
};

}  // namespace asterism::simd
