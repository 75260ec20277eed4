// Matrices of weights in pieces whose float32 values have room in a piece of memory together.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "asterism/backend/operand.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"

namespace asterism::backend {

/// Rows [first, first + values.rows) of one of several matrices, with a place for their values.
struct WeightPiece {
  std::size_t matrix = 0;
  std::size_t first = 0;  ///< row
  MatrixView<float> values{};
};

/// Cuts those matrices for which wanted(i) into pieces, and calls f(pieces) with as many as have room in `memory` at a
/// time: of one matrix at most one piece, its rows ascending. InvalidArgument where a row has no room. Allocates
/// nothing.
template <class Format, class Wanted, class F>
void for_each_round(View<const DeviceWeights<Format>> weights, View<float> memory, const Wanted& wanted,
                    const F& f) {
  std::size_t next = 0;
  std::size_t row = 0;  // of matrix `next`
  while (next < weights.size) {
    std::array<WeightPiece, 64> pieces;
    std::size_t count = 0;
    std::size_t used = 0;
    while (next < weights.size && count < pieces.size()) {
      if (!wanted(next)) {
        ++next;
        continue;
      }
      const auto cols = static_cast<std::size_t>(weights[next].cols);
      const std::size_t rows =
          std::min(static_cast<std::size_t>(weights[next].rows) - row, (memory.size - used) / cols);
      if (rows == 0) break;
      pieces[count++] = {next, row, MatrixView<float>(memory.data + used, rows, cols)};
      used += rows * cols;
      row += rows;
      if (row == weights[next].rows) {
        ++next;
        row = 0;
      }
    }
    if (count == 0 && next < weights.size) {
      throw InvalidArgument("TrainingExtent::unpacked has no room for a row of weights that are not in Float32");
    }
    f(View<const WeightPiece>(pieces.data(), count));
  }
}

}  // namespace asterism::backend
