// The order in which products read a stored matrix: tiles of sixteen rows, made from the standard order at load time
// and undone exactly.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/block_tiles.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/matrix_ref.hpp"
#include "asterism/quant/planes.hpp"

namespace asterism::quant {

/// Number of rows of a tile.
inline constexpr std::uint64_t tile_rows = 16;

/// Kernel order of a format whose plane 0 holds codes of `Bits` bits and whose plane 1 holds a scale for each
/// `Block` consecutive weights of the flat matrix; the format names it `KernelOrder`. The same for all instruction
/// sets.
///
/// A permutation inside each tile of sixteen consecutive rows, if rows are whole numbers of blocks and of 32
/// columns: unit u (4 bytes of codes) of row i of the tile moves to place 16 u + i, and so does scale u of row i.
/// So the codes of 4 or 8 columns of all sixteen rows fill one cache line, and the scales of a block of columns
/// are adjacent. The rows after the last whole tile, all other planes, and matrices of other widths keep the
/// standard order.
template <int Bits, int Block>
struct RowTiles {
  static_assert(Bits == 4 || Bits == 8, "codes have 4 or 8 bits");
  static_assert(Block >= 16 && Block <= 4096 && (Block & (Block - 1)) == 0,
                "blocks are powers of two from 16 to 4096");
  static constexpr int bits = Bits;
  static constexpr int block = Block;
  static constexpr std::uint64_t unit_columns = 32 / Bits;

  /// True if a matrix with rows of `cols` columns is stored in tiles.
  static constexpr bool applies(std::uint64_t cols) { return cols > 0 && cols % Block == 0 && cols % 32 == 0; }
  static constexpr std::uint64_t row_bytes(std::uint64_t cols) { return cols * Bits / 8; }
  static constexpr std::uint64_t row_blocks(std::uint64_t cols) { return cols / Block; }
};

/// A format with a kernel order.
template <class Q>
concept HasKernelOrder = Quantization<Q> && requires {
  Q::KernelOrder::applies(std::uint64_t{});
};

namespace detail {
template <class Q>
struct ReadAs {
  using Format = Q;
};
// Scales are read alike, however they were chosen. A format that derives from one of these may read them
// differently.
template <int Bits, int Group, class ScaleRule>
struct ReadAs<GroupInt<Bits, Group, ScaleRule>> {
  using Format = GroupInt<Bits, Group, AbsMax>;
};
template <int Block, class Scales, class ScaleRule>
struct ReadAs<Nf4<Block, Scales, ScaleRule>> {
  using Format = Nf4<Block, Scales, AbsMax>;
};
}  // namespace detail

/// The format by which products read Q, with the same meaning of the bytes: only that one has kernels.
template <class Q>
using ReadAs = typename detail::ReadAs<Q>::Format;

/// A borrowed matrix (rows, cols) in format Q, its bytes in kernel order, or in the standard order if Q has none.
template <class Q>
struct KernelMatrixRef {
  const std::byte* data = nullptr;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;

  /// True if there are tiles; otherwise the whole matrix is in the standard order.
  constexpr bool in_tiles() const {
    if constexpr (HasKernelOrder<Q>) {
      return Q::KernelOrder::applies(cols);
    } else {
      return false;
    }
  }
  /// The matrix viewed in the standard order: valid if `in_tiles` is false, and for planes that do not move.
  constexpr MatrixRef<Q> matrix() const { return {data, rows, cols}; }
};

/// The location of one row of a matrix in tiles: unit u of its codes at codes + u * stride, the scale of its block
/// b at place scales + b * stride / 4 of plane 1, or of the matrix where blocks have no plane of scales; block b is
/// block `first_block` + b of the flat matrix.
struct TiledRow {
  const std::byte* codes = nullptr;
  std::uint64_t stride = 4;  ///< bytes
  std::uint64_t scales = 0;
  std::uint64_t first_block = 0;

  std::uint64_t scale(std::uint64_t block) const { return scales + block * (stride / 4); }
};

/// Row `o` of a matrix whose in_tiles() is true.
template <HasKernelOrder Q>
TiledRow tiled_row(KernelMatrixRef<Q> matrix, std::uint64_t o) {
  using Order = typename Q::KernelOrder;
  const std::uint64_t blocks = Order::row_blocks(matrix.cols);
  const std::uint64_t tile = o / tile_rows * tile_rows;
  const bool in_tile = tile + tile_rows <= matrix.rows;
  if constexpr (TilesBlocks<Order>) {
    const std::uint64_t rows = in_tile ? tile_rows : 1;
    const std::uint64_t first = in_tile ? tile : o;
    const std::uint64_t begin = first * blocks * Order::block_bytes;
    const std::uint64_t scales = (begin + rows * blocks * Order::code_bytes) / Order::scale_bytes;
    return {matrix.data + begin + (o - first) * 4, 4 * rows, scales + (o - first), o * blocks};
  } else {
    const std::uint64_t bytes = Order::row_bytes(matrix.cols);
    if (!in_tile) return {matrix.data + o * bytes, 4, o * blocks, o * blocks};
    return {matrix.data + tile * bytes + (o - tile) * 4, 4 * tile_rows, tile * blocks + (o - tile), o * blocks};
  }
}

/// Number of rows that belong to whole tiles: the first ones.
template <HasKernelOrder Q>
std::uint64_t rows_in_tiles(KernelMatrixRef<Q> matrix) {
  return matrix.in_tiles() ? matrix.rows / tile_rows * tile_rows : 0;
}

/// Permutes a matrix of Q::planes(rows, cols).bytes() bytes from the standard order into kernel order, in place,
/// tile by tile; does nothing for formats without one. Allocates one tile. Not thread-safe for the same matrix.
template <Quantization Q>
void to_kernel_order(std::byte* data, std::uint64_t rows, std::uint64_t cols);

/// The inverse: restores exactly the bytes that `encode` wrote.
template <Quantization Q>
void to_standard(std::byte* data, std::uint64_t rows, std::uint64_t cols);

/// Decodes the elements [first_element, first_element + out.size) of the flat matrix: the same bits as Q::decode
/// on the standard order. Does not allocate. Thread-safe.
template <Quantization Q>
void decode(KernelMatrixRef<Q> matrix, std::uint64_t first_element, View<float> out);

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/kernel_order_templates.hpp"
#endif
