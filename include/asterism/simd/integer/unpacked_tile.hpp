// Some columns of a tile as bytes, for many rows of activations.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"

namespace asterism::simd {

/// The integers and scales of a tile's sixteen rows, unpacked once for all rows of activations. 18 KiB, so that two of
/// them and the activations beside them stay in a first-level cache of 48 KiB.
struct UnpackedTile {
  static constexpr std::size_t most_cols = 1024;

  /// (cols / 4, 16, 4): in the order of the activations, plus what the kernels add.
  alignas(64) std::byte codes[most_cols * quant::tile_rows];
  alignas(64) float scales[most_cols / Rows8::unit * quant::tile_rows];  ///< (blocks, 16)
};

/// Which part of a sum over columns some columns are: a sum begins at the first, what comes later goes on with what is
/// in y, the last is multiplied by the format's unit.
struct SumPart {
  bool first = true;
  bool last = true;
};

}  // namespace asterism::simd
