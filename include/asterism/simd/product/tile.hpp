// The loop nest shared by all instruction sets: a product walks over tiles of weights, each unpacked into the
// first-level cache once for all rows of the input.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/fwd.hpp"

namespace asterism::simd {

/// Number of columns summed together. A result is the sum, from left to right, of one term for each segment of the
/// columns; the order inside a segment is the instruction set's. It depends on nothing else, so a row's result is
/// the same with any other rows and for any cut of the outputs.
inline constexpr std::size_t segment = 512;

/// Weights (outputs, segment) as float32: a few rows of the matrix, a segment wide.
struct Tile {
  const float* data = nullptr;
  std::size_t stride = 0;   ///< elements between two outputs
  std::size_t outputs = 0;  ///< rows of the weight matrix
  std::size_t cols = 0;     ///< at most `segment`
};

/// Kernels that can multiply weights in format Q as they are stored, without unpacking them to memory first.
template <class Kernels, class Q>
concept MultipliesStored = requires(quant::KernelMatrixRef<Q> weights, std::size_t n, MatrixView<const float> x,
                                    MatrixView<float> y) {
  { Kernels::takes_stored(weights, n) } -> std::same_as<bool>;
  Kernels::multiply_stored(weights, n, n, x, true, y);
};

/// y(r, o) = sum over c of x(r, c) * W(o, c) for the outputs o in [first, first + count). The sizes must fit; see
/// `product`.
///
/// `Kernels` is an instruction set, a struct of static members:
/// - `max_outputs`: maximum rows of a tile; max_outputs * segment floats are on the stack.
/// - `outputs(rows)`: rows of a tile for that many rows of the input, <= max_outputs.
/// - `unpack(matrix, o, outputs, c, cols, float* out)`: decodes the tile whose first element is W(o, c) to rows of
///   `segment` floats.
/// - `multiply(x, tile, accumulate, y)`: y = x tile^T, or y += x tile^T; x (n, tile.cols), y (n, tile.outputs).
/// - `multiply_stored(matrix, o, c, x, accumulate, y)`, optional: both in one, for matrices and numbers of rows
///   for which `takes_stored(matrix, rows)` is true.
template <class Kernels, quant::Quantization Q>
void tiled_product(quant::KernelMatrixRef<Q> weights, MatrixView<const float> x, MatrixView<float> y,
                   std::size_t first, std::size_t count) {
  alignas(64) float unpacked[Kernels::max_outputs * segment];
  const auto cols = static_cast<std::size_t>(weights.cols);
  const std::size_t end = first + count;
  const std::size_t step = Kernels::outputs(x.rows);
  // With many rows even float32 is worth copying: the rows of a copy are close together.
  const bool in_place = std::same_as<Q, quant::Float32> && x.rows < 16;
  bool stored = false;
  if constexpr (MultipliesStored<Kernels, Q>) stored = Kernels::takes_stored(weights, x.rows);
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
      const MatrixView<const float> columns(x.data + c, x.rows, tile.cols, x.stride);
      if constexpr (MultipliesStored<Kernels, Q>) {
        if (stored) {
          Kernels::multiply_stored(weights, o, c, columns, c != 0, results);
          continue;
        }
      }
      if (in_place) {
        tile.data = reinterpret_cast<const float*>(weights.data) + o * cols + c;
        tile.stride = cols;
      } else {
        Kernels::unpack(weights, o, tile.outputs, c, tile.cols, unpacked);
        tile.data = unpacked;
        tile.stride = segment;
      }
      Kernels::multiply(columns, tile, c != 0, results);
    }
  }
}

/// The same as kernels of a level; see ByLevel.
template <class Kernels>
struct Tiled {
  template <class Q>
  static void product(quant::KernelMatrixRef<Q> weights, MatrixView<const float> x, MatrixView<float> y,
                      std::size_t first, std::size_t count) {
    tiled_product<Kernels>(weights, x, y, first, count);
  }
};

}  // namespace asterism::simd
