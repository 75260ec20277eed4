// The product of 8-bit activations with a stored weight matrix: sums of integers.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/format.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/product.hpp"

namespace asterism::simd {

/// True if products of this matrix can be sums of integers: see quant::Int8Activations.
template <class Q>
constexpr bool has_integer_product(quant::KernelMatrixRef<Q> weights) {
  if constexpr (IntegerFormat<Q>) {
    return weights.in_tiles();
  } else if constexpr (KnownKBlocks<Q>) {
    return weights.cols > 0 && weights.cols % quant::width_multiple<Q> == 0;
  } else {
    return false;
  }
}

/// Quantizes the columns [first, first + count) of a row, whose to.cols floats are at x, into row `row` of `to`,
/// rounding to nearest: the error of an activation is at most half its group's scale. first is a multiple of the group,
/// and so is the end, or the row ends there. The same bits on every level. Does not allocate; thread-safe for different
/// rows or columns.
void to_activations8(const float* x, const Rows8& to, std::size_t row, std::size_t first, std::size_t count,
                     Level use = level());

/// y = x W^T for some outputs, as `product`, with rows of 8-bit activations in the order activation_order<Q, Group>;
/// for matrices for which has_integer_product holds. y(r, o) has the same bits on every level, for any number of
/// rows and any cut of the outputs; PortableTiles, or PortableKRows, defines the order of summation. Does not allocate.
/// Thread-safe; concurrent calls may share y if their outputs are disjoint. Throws InvalidArgument if the sizes don't
/// fit.
template <HasIntegerProduct Q, std::size_t Group = quant::Int8Activations::group>
void product(quant::KernelMatrixRef<Q> weights, const Rows8& x, MatrixView<float> y, std::size_t first,
             std::size_t count, Level use = level());

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/integer_product_impl.hpp"
#include "asterism/simd/integer_product_templates.hpp"
#endif
