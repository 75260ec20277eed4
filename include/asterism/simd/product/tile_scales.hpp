// Where the scales of a tile's rows are.
#pragma once

#include <cstdint>

namespace asterism::simd {

/// The first of the scales of some rows of a tile in the plane, the block of the flat matrix that it belongs to, and
/// the number of blocks in a row.
struct TileScales {
  std::uint64_t place = 0;
  std::uint64_t first_block = 0;
  std::uint64_t row_blocks = 0;
};

}  // namespace asterism::simd
