// What HostGemm cuts products into: pieces whose packed operands fit into its memory, and their tasks.
#pragma once

#include <algorithm>
#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/simd/gemm.hpp"
#include "asterism/simd/gemm/kernels.hpp"

namespace asterism::backend::detail {

/// Most lines of a tile, the piece of c of a task: its packed rows and columns, a block of depth each, and the tile
/// itself stay in a second-level cache.
inline constexpr std::size_t tile_rows = 96;
inline constexpr std::size_t tile_cols = 192;

/// With so many rows of a or fewer, packing all of b before it is used takes long: instead each task computes all rows
/// of a strip of columns, which it packs block by block to memory that stays in its cache. Rows pass in shares.
inline constexpr std::size_t strip_most_rows = 384;
inline constexpr std::size_t strip_rows = 192;
inline constexpr std::size_t strip_cols = 64;
inline constexpr std::size_t strip_floats = strip_cols * simd::gemm_depth;

constexpr std::size_t rounded_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

/// n things in parts that are nearly equal, of at most `most` each, which begin at multiples of `unit`.
struct EvenCut {
  std::size_t n = 0;
  std::size_t each = 1;

  EvenCut(std::size_t things, std::size_t most, std::size_t unit) : n(things) {
    most = most / unit * unit;
    const std::size_t parts = (n + most - 1) / most;
    each = rounded_up((n + parts - 1) / parts, unit);
  }
  std::size_t parts() const { return (n + each - 1) / each; }
  std::size_t first(std::size_t part) const { return part * each; }
  std::size_t count(std::size_t part) const { return std::min(each, n - part * each); }
};

/// A product, or some rows, columns and k of one, with places for the panels of its operands.
struct GemmPiece {
  simd::Gemm product;
  float* a = nullptr;
  float* b = nullptr;         ///< nullptr: tasks pack strips
  std::size_t packs_end = 0;  ///< of its tasks, among those of the round
  std::size_t tiles_end = 0;

  static bool in_strips(std::size_t rows) { return rows <= strip_most_rows; }
  bool in_strips() const { return in_strips(product.c.rows); }

  std::size_t blocks() const { return (product.a.cols + simd::gemm_depth - 1) / simd::gemm_depth; }
  std::size_t depth(std::size_t block) const {
    return std::min(simd::gemm_depth, product.a.cols - block * simd::gemm_depth);
  }
  static std::size_t parts(std::size_t lines) { return (lines + simd::gemm_lines - 1) / simd::gemm_lines; }
  std::size_t packs() const {
    return blocks() * (parts(product.c.rows) + (in_strips() ? 0 : parts(product.c.cols)));
  }

  /// Packs some lines over a block of depth.
  void pack(const simd::GemmKernel& kernel, std::size_t task) const {
    const std::size_t of_a = blocks() * parts(product.c.rows);
    if (task < of_a) return pack(product.a, kernel.rows, kernel.pack_rows, task, a);
    pack(product.b.transposed(), kernel.cols, kernel.pack_cols, task - of_a, b);
  }
  void pack(const simd::GemmOperand& lines, std::size_t width,
            void (*pack_lines)(const simd::GemmOperand&, float*), std::size_t task, float* to) const {
    const std::size_t block = task / parts(lines.rows);
    const std::size_t first = task % parts(lines.rows) * simd::gemm_lines;
    const std::size_t count = std::min(simd::gemm_lines, lines.rows - first);
    const std::size_t k = block * simd::gemm_depth;
    pack_lines(lines.block(first, count, k, depth(block)),
               to + rounded_up(lines.rows, width) * k + first * depth(block));
  }

  EvenCut rows(const simd::GemmKernel& kernel) const {
    return {product.c.rows, in_strips() ? strip_rows : tile_rows, kernel.rows};
  }
  EvenCut cols(const simd::GemmKernel& kernel) const {
    return {product.c.cols, in_strips() ? strip_cols : tile_cols, kernel.cols};
  }
  std::size_t tiles(const simd::GemmKernel& kernel) const {
    return cols(kernel).parts() * (in_strips() ? 1 : rows(kernel).parts());
  }

  /// The panels of a from a row on.
  const float* rows_at(const simd::GemmKernel& kernel, std::size_t first, std::size_t block) const {
    return a + rounded_up(product.c.rows, kernel.rows) * block * simd::gemm_depth + first * depth(block);
  }

  /// All k of one tile of c.
  void multiply(const simd::GemmKernel& kernel, std::size_t task) const {
    const auto down = rows(kernel);
    const auto across = cols(kernel);
    const std::size_t i = task % down.parts();
    const std::size_t j = task / down.parts();
    const MatrixView<float> c = product.c;
    const MatrixView<float> tile(c.data + down.first(i) * c.stride + across.first(j), down.count(i),
                                 across.count(j), c.stride);
    simd::GemmAhead nothing;
    for (std::size_t block = 0; block < blocks(); ++block) {
      kernel.multiply(
          rows_at(kernel, down.first(i), block),
          b + rounded_up(c.cols, kernel.cols) * block * simd::gemm_depth + across.first(j) * depth(block),
          depth(block), tile, product.adds || block > 0, nothing, {});
    }
  }

  /// The part of b that a strip needs of a block, transposed.
  simd::GemmOperand strip(const simd::GemmKernel& kernel, std::size_t task, std::size_t block) const {
    const auto across = cols(kernel);
    return product.b.transposed().block(across.first(task), across.count(task), block * simd::gemm_depth,
                                        depth(block));
  }

  /// All rows and k of a strip of c, packed in `memory`; meanwhile asks for `next`, which comes afterwards.
  void multiply_strip(const simd::GemmKernel& kernel, std::size_t task, float* memory,
                      const simd::GemmOperand& next) const {
    const auto down = rows(kernel);
    const auto across = cols(kernel);
    const MatrixView<float> c = product.c;
    const std::size_t tiles =
        (c.rows + kernel.rows - 1) / kernel.rows * ((across.count(task) + kernel.cols - 1) / kernel.cols);
    for (std::size_t block = 0; block < blocks(); ++block) {
      simd::GemmOperand unpacked = strip(kernel, task, block);
      simd::GemmAhead ahead(block + 1 < blocks() ? strip(kernel, task, block + 1) : next,
                            tiles * ((depth(block) + simd::gemm_step - 1) / simd::gemm_step));
      for (std::size_t i = 0; i < down.parts(); ++i) {
        const MatrixView<float> tile(c.data + down.first(i) * c.stride + across.first(task), down.count(i),
                                     across.count(task), c.stride);
        kernel.multiply(rows_at(kernel, down.first(i), block), memory, depth(block), tile,
                        product.adds || block > 0, ahead, unpacked);
        unpacked.data = nullptr;
      }
    }
  }
};

}  // namespace asterism::backend::detail
