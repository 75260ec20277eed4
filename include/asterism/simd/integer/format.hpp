// Formats that integer products support.
#pragma once

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"

namespace asterism::simd {

/// A format whose weights are integers times scales, in blocks of whole groups of activations, in tiles: see
/// quant::RowTiles. A 4-bit code has the value `Q::integers` plus `Q::integer_shift`, in units of
/// `Q::integer_unit`; an 8-bit code is its own value. `Q::first_in_high_nibble`: the position of the first of two
/// codes in a byte.
template <class Q>
concept IntegerFormat = quant::HasKernelOrder<Q> && Q::KernelOrder::block % Rows8::group == 0 && requires {
  Q::integer_unit;
  Q::integer_shift;
};

}  // namespace asterism::simd
