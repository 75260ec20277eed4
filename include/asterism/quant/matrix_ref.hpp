// A borrowed stored matrix.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/quant/fwd.hpp"

namespace asterism::quant {

/// A borrowed matrix (rows, cols) in format Q, row-major. `data` is aligned to 64 bytes and points at
/// `Q::planes(rows, cols).bytes()` bytes.
template <class Q>
struct MatrixRef {
  const std::byte* data = nullptr;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;

  constexpr std::uint64_t size() const { return rows * cols; }
};

}  // namespace asterism::quant
