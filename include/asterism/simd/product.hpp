// The product of activations with a stored weight matrix: the operation that the whole model spends its time in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/avx2.hpp"
#include "asterism/simd/avx512.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/portable.hpp"
#include "asterism/simd/tile.hpp"

namespace asterism::simd {

namespace detail {

/// Throws InvalidArgument unless y has a place for x W^T, W (outputs, cols), and W has the outputs asked for.
inline void check_product(std::uint64_t outputs, std::uint64_t cols, std::size_t x_rows, std::size_t x_cols,
                          MatrixView<const float> y, std::size_t first, std::size_t count) {
  if (x_cols != cols || y.cols != outputs || y.rows != x_rows) {
    throw InvalidArgument(concat("product: x (", x_rows, ", ", x_cols, ") times the transpose of W (", outputs,
                                 ", ", cols, ") has no place in y (", y.rows, ", ", y.cols, ")"));
  }
  if (first > outputs || count > outputs - first) {
    throw InvalidArgument(
        concat("product: ", count, " outputs from number ", first, " on, of a matrix with ", outputs));
  }
}

}  // namespace detail

/// y = x W^T for some outputs: y(r, o) = sum over c of x(r, c) * W(o, c) for all rows r and the outputs o in
/// [first, first + count); the other columns of y stay as they are. Works on the stored planes, never on an
/// unpacked matrix. Sums are float32.
///
/// On one level y(r, o) has the same bits for any number of rows and any cut of the outputs; levels differ in
/// rounding. The error is below (64 + cols / 512) * 2^-23 * sum of |x(r, c) W(o, c)|.
///
/// Throws InvalidArgument if the sizes don't fit. Allocates nothing; uses less than 64 KiB of stack. Thread-safe;
/// concurrent calls may share y if their outputs are disjoint.
///
/// @param weights  W (outputs, cols), in any Quantization, in kernel order
/// @param x        (rows, cols), any stride
/// @param y        (rows, outputs), any stride; doesn't overlap x
/// @param use      a level that this machine supports
template <quant::Quantization Q>
void product(quant::KernelMatrixRef<Q> weights, MatrixView<const float> x, MatrixView<float> y, std::size_t first,
             std::size_t count, Level use = level()) {
  detail::check_product(weights.rows, weights.cols, x.rows, x.cols, y, first, count);
  switch (use) {
    case Level::avx512:
      return Avx512::product(weights, x, y, first, count);
    case Level::avx2:
      return tiled_product<Avx2>(weights, x, y, first, count);
    case Level::portable:
      return tiled_product<Portable>(weights, x, y, first, count);
  }
}

/// All outputs.
template <quant::Quantization Q>
void product(quant::KernelMatrixRef<Q> weights, MatrixView<const float> x, MatrixView<float> y) {
  product(weights, x, y, 0, static_cast<std::size_t>(weights.rows));
}

}  // namespace asterism::simd
