// The operands of an exact search on a GPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/cuda/knowledge/ranked.hpp"

namespace asterism::cuda {

/// Everything lies in memory of one GPU; the sizes fit together.
struct Nearest {
  static constexpr std::size_t slice = 1024;  ///< rows of a block, and the greatest k

  MatrixView<const float> rows;       ///< (n, width)
  View<const std::uint32_t> ids;      ///< (n), none twice
  View<const std::uint64_t> allowed;  ///< bit r: row r may be found; empty: all may
  MatrixView<const float> queries;    ///< (q, width)
  MatrixView<std::uint64_t> partial;  ///< (q, slices(n) k): the keys of each slice's best
  MatrixView<Ranked> out;             ///< (q, k), best first, what is not there last

  static constexpr std::size_t slices(std::size_t rows) { return (rows + slice - 1) / slice; }
};

}  // namespace asterism::cuda
