// Bodies of integer_product.hpp, as templates: see kernels.hpp.
#pragma once

#include <concepts>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/simd/integer/kernels.hpp"
#include "asterism/simd/integer/unpacked_tile.hpp"
#include "asterism/simd/integer_product.hpp"
#include "asterism/simd/product/check.hpp"
#include "asterism/simd/tuned.hpp"

namespace asterism::simd {

namespace detail {

/// `Kernels` is an instruction set, a struct of static members: `most_rows`, a power of two; `tiles(rows)`, 1 or 2; and
/// `multiply_tiles<Rows, Tiles, Group>(weights, Q::scales, tile, x, y, stride)` for Rows = 1, 2, 4 ... most_rows and
/// Tiles up to tiles(Rows): y(r, 16 tile + i) for the first Rows rows of x and the outputs of the tiles from `tile` on,
/// y being at y(0, 16 tile).
///
/// Rows from `done` on, Rows of them at a time, with the tiles [tile, end): those stay in the second-level cache.
template <class Kernels, int Rows, std::size_t Group, class Q>
void multiply_rows(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of, std::uint64_t tile,
                   std::uint64_t end, const Rows8& x, std::size_t done, MatrixView<float> y) {
  constexpr int together = Kernels::tiles(Rows);
  for (; x.rows - done >= Rows; done += Rows) {
    const Rows8 rows = x.rows_at(done, Rows);
    float* to = y.data + done * y.stride;
    std::uint64_t t = tile;
    for (; t + together <= end; t += together) {
      Kernels::template multiply_tiles<Rows, together, Group>(weights, scale_of, t, rows,
                                                              to + t * quant::tile_rows, y.stride);
    }
    for (; t < end; ++t) {
      Kernels::template multiply_tiles<Rows, 1, Group>(weights, scale_of, t, rows, to + t * quant::tile_rows,
                                                       y.stride);
    }
  }
  if constexpr (Rows > 1) multiply_rows<Kernels, Rows / 2, Group>(weights, scale_of, tile, end, x, done, y);
}

/// Kernels that can multiply unpacked tiles with unpacked_rows, half as many ... least_unpacked_rows rows:
/// `State<Q, Group>` lives meanwhile; `unpack(weights, Q::scales, tile, c, cols, out)` and
/// `multiply_unpacked<Rows, Group, Q>(two tiles, x, cols, part, y, stride)`.
template <class Kernels>
concept UnpacksTiles = requires {
  Kernels::unpacked_rows;
};

/// Rows from `done` on up to `end`, Rows of them at a time.
template <class Kernels, int Rows, std::size_t Group, class Q>
void multiply_unpacked(const UnpackedTile (&tiles)[2], const Rows8& x, std::size_t done, std::size_t end,
                       std::size_t cols, SumPart part, MatrixView<float> y) {
  for (; end - done >= Rows; done += Rows) {
    Kernels::template multiply_unpacked<Rows, Group, Q>(tiles, x.rows_at(done, Rows), cols, part,
                                                        y.data + done * y.stride, y.stride);
  }
  if constexpr (Rows > Kernels::least_unpacked_rows) {
    multiply_unpacked<Kernels, Rows / 2, Group, Q>(tiles, x, done, end, cols, part, y);
  }
}

/// The first `rows` rows of x, a multiple of Kernels::least_unpacked_rows, with the tiles [tile, end), an even number.
template <class Kernels, std::size_t Group, class Q>
void multiply_many(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of, std::uint64_t tile,
                   std::uint64_t end, const Rows8& x, std::size_t rows, MatrixView<float> y) {
  [[maybe_unused]] const typename Kernels::template State<Q, Group> state;
  UnpackedTile tiles[2];
  for (; tile < end; tile += 2) {
    const MatrixView<float> outputs(y.data + tile * quant::tile_rows, y.rows, 2 * quant::tile_rows, y.stride);
    for (std::size_t c = 0; c < x.cols; c += UnpackedTile::most_cols) {
      const std::size_t left = x.cols - c;
      const std::size_t cols = left < UnpackedTile::most_cols ? left : UnpackedTile::most_cols;
      for (std::uint64_t i = 0; i < 2; ++i) Kernels::unpack(weights, scale_of, tile + i, c, cols, tiles[i]);
      const SumPart part{.first = c == 0, .last = cols == left};
      multiply_unpacked<Kernels, Kernels::unpacked_rows, Group, Q>(tiles, x.from_column(c), 0, rows, cols, part,
                                                                   outputs);
    }
  }
}

/// Outputs [first, end) one by one.
template <std::size_t Group, class Q>
void multiply_outputs(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                      std::size_t first, std::size_t end, const Rows8& x, MatrixView<float> y) {
  for (std::size_t o = first; o < end; ++o) {
    for (std::size_t r = 0; r < x.rows; ++r) {
      PortableTiles::multiply_output<1, Group>(weights, scale_of, o, x.rows_at(r, 1), y.data + r * y.stride + o,
                                               y.stride);
    }
  }
}

template <class Kernels, std::size_t Group, class Q>
void integer_product(quant::KernelMatrixRef<Q> weights, const Rows8& x, MatrixView<float> y, std::size_t first,
                     std::size_t end) {
  const auto scale_of = Q::scales(weights.matrix());
  const std::size_t in_tiles = quant::rows_in_tiles(weights);
  const std::uint64_t tile = (first + quant::tile_rows - 1) / quant::tile_rows;
  const std::uint64_t end_tile = (end < in_tiles ? end : in_tiles) / quant::tile_rows;
  if (tile >= end_tile) return multiply_outputs<Group>(weights, scale_of, first, end, x, y);
  multiply_outputs<Group>(weights, scale_of, first, tile * quant::tile_rows, x, y);
  std::size_t done = 0;
  if constexpr (UnpacksTiles<Kernels> && Nesting<Q, Group>::outer <= UnpackedTile::most_cols) {
    const std::uint64_t even = tile + (end_tile - tile) / 2 * 2;
    const std::size_t whole = x.rows / Kernels::least_unpacked_rows * Kernels::least_unpacked_rows;
    if (x.rows >= many_rows.load(std::memory_order_relaxed) && whole > 0 && even > tile) {
      done = whole;
      multiply_many<Kernels, Group>(weights, scale_of, tile, even, x, done, y);
      if (even < end_tile)
        multiply_rows<Kernels, Kernels::most_rows, Group>(weights, scale_of, even, end_tile, x.rows_at(0, done), 0,
                                                          y);
    }
  }
  multiply_rows<Kernels, Kernels::most_rows, Group>(weights, scale_of, tile, end_tile, x, done, y);
  multiply_outputs<Group>(weights, scale_of, end_tile * quant::tile_rows, end, x, y);
}

}  // namespace detail

template <HasIntegerProduct Q, std::size_t Group>
void product(quant::KernelMatrixRef<Q> weights, const Rows8& x, MatrixView<float> y, std::size_t first,
             std::size_t count, Level use) {
  using Read = quant::ReadAs<Q>;
  if constexpr (!std::same_as<Read, Q>) {
    return product<Read, Group>({weights.data, weights.rows, weights.cols}, x, y, first, count, use);
  } else {
    detail::check_product(weights.rows, weights.cols, quant::width_multiple<Q>, x.rows, x.cols, y, first, count);
    if (!has_integer_product(weights) || x.order != activation_order<Q, Group>) {
      throw InvalidArgument(
          "product: the weights are not in tiles, or the activations in another order than they want");
    }
    if constexpr (KnownKBlocks<Q>) {
      return KRowKernels::run(
          use, [&](auto kernels) { kernels.template multiply<Group>(weights, first, first + count, x, y); });
    } else {
      TileKernels::run(use, [&](auto kernels) {
        detail::integer_product<decltype(kernels), Group>(weights, x, y, first, first + count);
      });
    }
  }
}

}  // namespace asterism::simd
