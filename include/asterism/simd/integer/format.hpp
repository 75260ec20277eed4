// Formats that integer products support, and how their sums nest.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/product/known_formats.hpp"

namespace asterism::simd {

/// A format whose weights are integers times scales, in blocks of whole units of activations, in tiles: see
/// quant::RowTiles. A 4-bit code has the value `Q::integers` plus `Q::integer_shift`, in units of
/// `Q::integer_unit`; an 8-bit code is its own value. `Q::first_in_high_nibble`: the position of the first of two
/// codes in a byte.
template <class Q>
concept IntegerFormat = quant::HasKernelOrder<Q> && Q::KernelOrder::block % Rows8::unit == 0 && requires {
  Q::integer_unit;
  Q::integer_shift;
};

/// A format whose products may be sums of integers: in tiles, or of ggml's blocks of 256, which are multiplied with
/// rows as they are stored: see PortableKRows.
template <class Q>
concept HasIntegerProduct = IntegerFormat<Q> || KnownKBlocks<Q>;

/// Sums of weights in blocks of Q times activations in groups of `Group`: a cell has one scale of either; its sum of
/// integers is exact. The cells of the smaller of block and group are summed up with their scales, then the sums of the
/// larger with theirs.
template <IntegerFormat Q, std::size_t Group>
struct Nesting {
  static constexpr std::size_t block = Q::KernelOrder::block;
  static_assert(Group % block == 0 || block % Group == 0, "groups and blocks are powers of two");
  static constexpr bool groups_in_blocks = Group <= block;
  static constexpr std::size_t cell = groups_in_blocks ? Group : block;
  static constexpr std::size_t outer = groups_in_blocks ? block : Group;

  /// The cells of the next block or group if `left` columns are left: a last group may be shorter, blocks are whole.
  static constexpr std::size_t cells(std::size_t left) {
    return (groups_in_blocks || left >= outer ? outer : left) / cell;
  }
};

/// The order in which activations in groups of `Group` are multiplied with the codes of format Q.
template <HasIntegerProduct Q, std::size_t Group = quant::Int8Activations::group>
inline constexpr ActivationOrder activation_order = [] {
  if constexpr (KnownKBlocks<Q>) {
    return ActivationOrder{.paired = false, .group = Group, .cell = Rows8::unit};
  } else {
    return ActivationOrder{.paired = Q::KernelOrder::bits == 4, .group = Group, .cell = Nesting<Q, Group>::cell};
  }
}();

/// Whether 4-bit codes are two's complement: with their top bit inverted they are the values plus 8.
template <IntegerFormat Q>
inline constexpr bool twos_complement = [] {
  if constexpr (Q::KernelOrder::bits == 4) {
    for (int i = 0; i < 16; ++i) {
      if (Q::integers[static_cast<std::size_t>(i)] != (i ^ 8) - 8) return false;
    }
  }
  return true;
}();

}  // namespace asterism::simd
