// The product of activations with a stored weight matrix: the operation that dominates the run time of a model.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

/// y = x W^T for some outputs: y(r, o) = sum over c of x(r, c) * W(o, c) for all rows r and the outputs o in
/// [first, first + count); the other columns of y are left unchanged. Works on the stored planes, never on an
/// unpacked matrix. Sums are float32.
///
/// On one level y(r, o) has the same bits for any number of rows and any cut of the outputs; levels differ in
/// rounding. The error is below (64 + cols / 512) * 2^-23 * sum of |x(r, c) W(o, c)|.
///
/// Throws InvalidArgument if the sizes don't fit. Does not allocate; uses less than 64 KiB of stack. Thread-safe;
/// concurrent calls may share y if their outputs are disjoint.
///
/// @param weights  W (outputs, cols), in any Quantization, in kernel order
/// @param x        (rows, cols), any stride
/// @param y        (rows, outputs), any stride; doesn't overlap x
/// @param use      a level that this machine supports
template <quant::Quantization Q>
void product(quant::KernelMatrixRef<Q> weights, MatrixView<const float> x, MatrixView<float> y, std::size_t first,
             std::size_t count, Level use = level());

/// Computes all outputs.
template <quant::Quantization Q>
void product(quant::KernelMatrixRef<Q> weights, MatrixView<const float> x, MatrixView<float> y) {
  product(weights, x, y, 0, static_cast<std::size_t>(weights.rows));
}

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/product_templates.hpp"
#endif
