// Exact products for processors with AVX-512. Compiled by every compiler without a flag: only functions marked so
// use these instructions, and they are called only if `supported(Level::avx512)`.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/product/avx2.hpp"
#include "asterism/simd/product/avx512_blocks.hpp"
#include "asterism/simd/product/avx512_rows.hpp"
#include "asterism/simd/product/tile.hpp"

namespace asterism::simd {

/// Level::avx512: whole tiles of a blockwise format use the kernels of Avx512Blocks; the rest of its rows, and
/// matrices that are not in tiles, those of Avx2; other formats those of Avx512Rows.
struct Avx512 {
  /// See `product`; the sizes fit.
  template <class Q>
  static void product(quant::KernelMatrixRef<Q> weights, MatrixView<const float> x, MatrixView<float> y,
                      std::size_t first, std::size_t count) {
    if constexpr (KnownBlocks<Q>) {
      const std::size_t end = first + count;
      const auto in_tiles = static_cast<std::size_t>(quant::rows_in_tiles(weights));
      const std::size_t stop = end < in_tiles ? end : in_tiles;
      const auto scales = Q::scales(weights.matrix());
      std::size_t o = first;
      while (o < stop) {
        const std::size_t tile = o / quant::tile_rows * quant::tile_rows;
        const std::size_t next = stop - tile < quant::tile_rows ? stop : tile + quant::tile_rows;
        const auto wanted = static_cast<std::uint16_t>((1U << (next - tile)) - (1U << (o - tile)));
        multiply_rows<Avx512Blocks::most_rows>(weights, scales, tile, x, 0, y, wanted);
        o = next;
      }
      if (o < end) tiled_product<Avx2>(weights, x, y, o, end - o);
    } else {
      tiled_product<Avx512Rows>(weights, x, y, first, count);
    }
  }

 private:
  /// The rows of x from r on, `Rows` at a time while that many are left.
  template <int Rows, class Q>
  static void multiply_rows(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scales,
                            std::size_t tile, MatrixView<const float> x, std::size_t r, MatrixView<float> y,
                            std::uint16_t wanted) {
    for (; x.rows - r >= Rows; r += Rows) {
      Avx512Blocks::multiply_tile<Rows>(weights, scales, tile / quant::tile_rows, x.data + r * x.stride, x.stride,
                                        y.data + r * y.stride + tile, y.stride, wanted);
    }
    if constexpr (Rows > 1) multiply_rows<Rows / 2>(weights, scales, tile, x, r, y, wanted);
  }
};

}  // namespace asterism::simd

#endif
