// Rows of several sequences in one matrix.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"

namespace asterism::backend {

/// Borrowed: sequence i has the rows [end(i - 1), end(i)) of a matrix, the first from row 0 on; ends ascend, none is
/// empty, and the last is the number of rows. In host memory, whatever the device of the matrix.
struct Sequences {
  View<const std::uint32_t> ends;

  std::size_t size() const { return ends.size; }
  std::size_t first(std::size_t i) const { return i == 0 ? 0 : ends[i - 1]; }
  std::size_t end(std::size_t i) const { return ends[i]; }
  std::size_t rows(std::size_t i) const { return end(i) - first(i); }
  /// Of all sequences.
  std::size_t rows() const { return size() == 0 ? 0 : end(size() - 1); }

  /// Whether they cut `rows` rows, none of them with more than `longest`.
  bool cut(std::size_t all_rows, std::size_t longest) const {
    for (std::size_t i = 0; i < size(); ++i) {
      if (ends[i] <= (i == 0 ? 0 : ends[i - 1]) || rows(i) > longest) return false;
    }
    return rows() == all_rows;
  }
};

}  // namespace asterism::backend
