// The loop nest that all instruction sets share: a product walks over tiles of the weights that are unpacked into
// the first-level cache, once for all rows of the input.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/simd/fwd.hpp"

namespace asterism::simd {

/// Columns that are summed up together. A result is the sum, from left to right, of one term for each segment of
/// the columns; the order inside a segment is the instruction set's. It depends on nothing else, so that a row's
/// result is the same whatever rows stand beside it and however the outputs are cut.
inline constexpr std::size_t segment = 512;

/// Weights (outputs, segment) as float32: a few rows of the matrix, a segment wide.
struct Tile {
  const float* data = nullptr;
  std::size_t stride = 0;   ///< elements between two outputs
  std::size_t outputs = 0;  ///< rows of the weight matrix
  std::size_t cols = 0;     ///< at most `segment`
};

/// Kernels that can multiply one row of the input with a tile of format Q without unpacking it to memory first.
template <class Kernels, class Q>
concept MultipliesStoredRow = requires(quant::Packed<Q> weights, std::size_t n, const float* x, float* y) {
  Kernels::multiply_row(weights, n, n, n, n, x, true, y);
};

/// y(r, o) = sum over c of x(r, c) * W(o, c) for the outputs o in [first, first + count). The sizes must fit; see
/// `product`.
///
/// `Kernels` is an instruction set, a struct of static members:
/// - `max_outputs`: rows of a tile at most; max_outputs * segment floats lie on the stack.
/// - `outputs(rows)`: rows of a tile for that many rows of the input, <= max_outputs.
/// - `unpack(matrix, o, outputs, c, cols, float* out)`: decodes the tile whose first element is W(o, c) to rows of
///   `segment` floats.
/// - `multiply(x, tile, accumulate, y)`: y = x tile^T, or y += x tile^T; x (n, tile.cols), y (n, tile.outputs).
/// - `multiply_row(matrix, o, outputs, c, cols, x, accumulate, y)`, optional: both of them for one row, where 64
///   divides the width of the matrix.
template <class Kernels, quant::Quantization Q>
void tiled_product(quant::Packed<Q> weights, MatrixView<const float> x, MatrixView<float> y, std::size_t first,
                   std::size_t count) {
  alignas(64) float unpacked[Kernels::max_outputs * segment];
  const auto cols = static_cast<std::size_t>(weights.cols);
  const std::size_t end = first + count;
  const std::size_t step = Kernels::outputs(x.rows);
  for (std::size_t o = first; o < end; o += step) {
    Tile tile;
    tile.outputs = end - o < step ? end - o : step;
    const MatrixView<float> results(y.data + o, y.rows, tile.outputs, y.stride);
    if (cols == 0) {
      for (std::size_t r = 0; r < y.rows; ++r) {
        for (float& result : results.row(r)) result = 0;
      }
    }
    for (std::size_t c = 0; c < cols; c += segment) {
      tile.cols = cols - c < segment ? cols - c : segment;
      if constexpr (MultipliesStoredRow<Kernels, Q>) {
        if (x.rows == 1 && cols % 64 == 0) {
          Kernels::multiply_row(weights, o, tile.outputs, c, tile.cols, x.data + c, c != 0, results.data);
          continue;
        }
      }
      if constexpr (std::same_as<Q, quant::Float32>) {
        tile.data = reinterpret_cast<const float*>(weights.data) + o * cols + c;
        tile.stride = cols;
      } else {
        Kernels::unpack(weights, o, tile.outputs, c, tile.cols, unpacked);
        tile.data = unpacked;
        tile.stride = segment;
      }
      const MatrixView<const float> columns(x.data + c, x.rows, tile.cols, x.stride);
      Kernels::multiply(columns, tile, c != 0, results);
    }
  }
}

}  // namespace asterism::simd
