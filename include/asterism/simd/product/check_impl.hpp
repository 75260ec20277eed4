// Bodies of check_product.hpp.
#pragma once

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/simd/product/check.hpp"

namespace asterism::simd::detail {

ASTERISM_INLINE void check_product(std::uint64_t outputs, std::uint64_t cols, std::uint64_t width_multiple,
                                   std::size_t x_rows, std::size_t x_cols, MatrixView<const float> y,
                                   std::size_t first, std::size_t count) {
  if (x_cols != cols || y.cols != outputs || y.rows != x_rows) {
    throw InvalidArgument(concat("product: x (", x_rows, ", ", x_cols, ") times the transpose of W (", outputs,
                                 ", ", cols, ") has no place in y (", y.rows, ", ", y.cols, ")"));
  }
  if (cols % width_multiple != 0) {
    throw InvalidArgument(concat("product: rows of W (", outputs, ", ", cols, ") are not whole blocks of ",
                                 width_multiple, " weights, which its format consists of"));
  }
  if (first > outputs || count > outputs - first) {
    throw InvalidArgument(
        concat("product: ", count, " outputs from number ", first, " on, of a matrix with ", outputs));
  }
}

}  // namespace asterism::simd::detail
