// Bodies of kernel_order.hpp, as templates: see kernels.hpp.
#pragma once

#include <cstring>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/kernel_order.hpp"

namespace asterism::quant {

namespace detail {

/// Transposes a (rows, cols) matrix of units of `Unit` bytes by way of `copy`, a buffer of the same size.
template <std::size_t Unit>
void transpose_units(std::byte* data, std::size_t rows, std::size_t cols, std::byte* copy) {
  std::memcpy(copy, data, rows * cols * Unit);
  for (std::size_t c = 0; c < cols; ++c) {
    for (std::size_t r = 0; r < rows; ++r) {
      std::memcpy(data + (c * rows + r) * Unit, copy + (r * cols + c) * Unit, Unit);
    }
  }
}

/// To kernel order, or back, where codes and scales have a plane each.
template <HasKernelOrder Q>
void reorder_planes(std::byte* data, std::uint64_t rows, std::uint64_t cols, bool to_tiles) {
  using Order = typename Q::KernelOrder;
  if (!Order::applies(cols) || rows < tile_rows) return;
  const Planes layout = Q::planes(rows, cols);
  const std::uint64_t units = Order::row_bytes(cols) / 4;
  const std::uint64_t blocks = Order::row_blocks(cols);
  const std::uint64_t scale_bytes = layout[1].bytes / (rows * blocks);
  std::vector<std::byte> copy(static_cast<std::size_t>(tile_rows * units * 4));
  const auto move = [&]<std::size_t Unit>(std::byte* tile, std::uint64_t width) {
    const auto across = static_cast<std::size_t>(to_tiles ? tile_rows : width);
    transpose_units<Unit>(tile, across, static_cast<std::size_t>(tile_rows * width) / across, copy.data());
  };
  for (std::uint64_t tile = 0; tile + tile_rows <= rows; tile += tile_rows) {
    move.template operator()<4>(data + tile * units * 4, units);
    std::byte* scales = data + layout[1].offset + tile * blocks * scale_bytes;
    if (scale_bytes == 1) move.template operator()<1>(scales, blocks);
    if (scale_bytes == 2) move.template operator()<2>(scales, blocks);
    if (scale_bytes == 4) move.template operator()<4>(scales, blocks);
    if (scale_bytes != 1 && scale_bytes != 2 && scale_bytes != 4) {
      throw InvalidArgument(concat("the kernel order of ", Q::name(), ": its scales take ", scale_bytes,
                                   " bytes, expected 1, 2 or 4; give the format no KernelOrder"));
    }
  }
}

/// To kernel order, or back.
template <HasKernelOrder Q>
void reorder(std::byte* data, std::uint64_t rows, std::uint64_t cols, bool to_tiles) {
  using Order = typename Q::KernelOrder;
  if constexpr (TilesBlocks<Order>) {
    if (!Order::applies(cols)) return;
    const std::uint64_t row_bytes = Order::row_blocks(cols) * Order::block_bytes;
    std::vector<std::byte> copy(static_cast<std::size_t>(tile_rows * row_bytes));
    for (std::uint64_t row = 0; row < rows;) {
      const std::uint64_t together = row + tile_rows <= rows ? tile_rows : 1;
      Order::reorder(data + row * row_bytes, together, cols, to_tiles, copy.data());
      row += together;
    }
  } else {
    reorder_planes<Q>(data, rows, cols, to_tiles);
  }
}

}  // namespace detail

template <Quantization Q>
void to_kernel_order([[maybe_unused]] std::byte* data, [[maybe_unused]] std::uint64_t rows,
                     [[maybe_unused]] std::uint64_t cols) {
  if constexpr (HasKernelOrder<Q>) detail::reorder<Q>(data, rows, cols, true);
}

template <Quantization Q>
void to_standard([[maybe_unused]] std::byte* data, [[maybe_unused]] std::uint64_t rows,
                 [[maybe_unused]] std::uint64_t cols) {
  if constexpr (HasKernelOrder<Q>) detail::reorder<Q>(data, rows, cols, false);
}

template <Quantization Q>
void decode(KernelMatrixRef<Q> matrix, std::uint64_t first_element, View<float> out) {
  if (!matrix.in_tiles()) return Q::decode(matrix.matrix(), first_element, out);
  if constexpr (HasKernelOrder<Q>) {
    using Order = typename Q::KernelOrder;
    constexpr std::uint64_t block = Order::block;
    constexpr std::uint64_t units = block / Order::unit_columns;
    const auto scales = Q::scales(matrix.matrix());
    std::uint64_t at = first_element;
    float* to = out.data;
    while (at < first_element + out.size) {
      const TiledRow row = tiled_row(matrix, at / matrix.cols);
      const std::uint64_t b = at % matrix.cols / block;
      std::uint8_t codes[units * 4];
      for (std::uint64_t u = 0; u < units; ++u) {
        std::memcpy(codes + u * 4, row.codes + (b * units + u) * row.stride, 4);
      }
      const std::uint64_t from = at % block;
      const std::uint64_t left = first_element + out.size - at;
      const std::uint64_t stop = block - from < left ? block : from + left;
      Q::decode_codes(codes, from, stop, scales.at(row.scale(b), row.first_block + b), to);
      to += stop - from;
      at += stop - from;
    }
  }
}

}  // namespace asterism::quant
