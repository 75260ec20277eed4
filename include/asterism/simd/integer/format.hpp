// Formats that products of integers know.
#pragma once

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"

namespace asterism::simd {

/// A format whose weights are integers times scales, in blocks of whole groups of activations, in tiles: see
/// quant::RowTiles. `Q::integers`: what each 4-bit code stands for, plus `Q::integer_shift`, in units of
/// `Q::integer_unit`; 8-bit codes stand for themselves. `Q::first_in_high_nibble`: where the first of two codes of a byte is.
template <class Q>
concept IntegerFormat = quant::HasKernelOrder<Q> && Q::KernelOrder::block % Rows8::group == 0 && requires {
  Q::integer_unit;
  Q::integer_shift;
};

}  // namespace asterism::simd
