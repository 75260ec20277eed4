// Bodies of integer_product.hpp, as templates: see kernels.hpp.
#pragma once

#include <concepts>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/simd/integer/kernels.hpp"
#include "asterism/simd/integer_product.hpp"
#include "asterism/simd/product/check.hpp"

namespace asterism::simd {

namespace detail {

/// `Kernels` is an instruction set, a struct of static members: `most_rows`, a power of two; and
/// `multiply_tile<Rows>(weights, Q::scales, tile, x, y, stride)` for Rows = 1, 2, 4 ... most_rows: y(r, 16 tile +
/// i) for the first Rows rows of x, y being at y(0, 16 tile).
///
/// Rows from `done` on, Rows of them at a time, with the tiles [tile, end): those stay in the second-level cache.
template <class Kernels, int Rows, class Q>
void multiply_rows(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of, std::uint64_t tile,
                   std::uint64_t end, const Rows8& x, std::size_t done, MatrixView<float> y) {
  for (; x.rows - done >= Rows; done += Rows) {
    for (std::uint64_t t = tile; t < end; ++t) {
      Kernels::template multiply_tile<Rows>(weights, scale_of, t, x.rows_at(done, Rows),
                                            y.data + done * y.stride + t * quant::tile_rows, y.stride);
    }
  }
  if constexpr (Rows > 1) multiply_rows<Kernels, Rows / 2>(weights, scale_of, tile, end, x, done, y);
}

/// Outputs [first, end) one by one.
template <class Q>
void multiply_outputs(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                      std::size_t first, std::size_t end, const Rows8& x, MatrixView<float> y) {
  for (std::size_t o = first; o < end; ++o) {
    for (std::size_t r = 0; r < x.rows; ++r) {
      PortableTiles::multiply_output<1>(weights, scale_of, o, x.rows_at(r, 1), y.data + r * y.stride + o,
                                        y.stride);
    }
  }
}

template <class Kernels, class Q>
void integer_product(quant::KernelMatrixRef<Q> weights, const Rows8& x, MatrixView<float> y, std::size_t first,
                     std::size_t end) {
  const auto scale_of = Q::scales(weights.matrix());
  const std::size_t in_tiles = quant::rows_in_tiles(weights);
  const std::uint64_t tile = (first + quant::tile_rows - 1) / quant::tile_rows;
  const std::uint64_t end_tile = (end < in_tiles ? end : in_tiles) / quant::tile_rows;
  if (tile >= end_tile) return multiply_outputs(weights, scale_of, first, end, x, y);
  multiply_outputs(weights, scale_of, first, tile * quant::tile_rows, x, y);
  multiply_rows<Kernels, Kernels::most_rows>(weights, scale_of, tile, end_tile, x, 0, y);
  multiply_outputs(weights, scale_of, end_tile * quant::tile_rows, end, x, y);
}

}  // namespace detail

template <IntegerFormat Q>
void product(quant::KernelMatrixRef<Q> weights, const Rows8& x, MatrixView<float> y, std::size_t first,
             std::size_t count, Level use) {
  using Read = quant::ReadAs<Q>;
  if constexpr (!std::same_as<Read, Q>) {
    return product(quant::KernelMatrixRef<Read>{weights.data, weights.rows, weights.cols}, x, y, first, count,
                   use);
  } else {
    detail::check_product(weights.rows, weights.cols, x.rows, x.cols, y, first, count);
    if (!weights.in_tiles() || x.paired != paired_activations<Q>) {
      throw InvalidArgument(
          "product: the weights are not in tiles, or the activations in another order than they want");
    }
    TileKernels::run(use, [&](auto kernels) {
      detail::integer_product<decltype(kernels)>(weights, x, y, first, first + count);
    });
  }
}

}  // namespace asterism::simd
