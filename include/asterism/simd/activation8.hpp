// Rows of activations as 8-bit integers: the inputs of integer products.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/quant/activation.hpp"

namespace asterism::simd {

/// Borrowed rows (rows, cols) of integers in [-127, 127] with a scale for each group of 32 columns; cols is a
/// multiple of 32. In `paired` order the eight columns 8j ... 8j + 7 of a row are stored as 0, 2, 4, 6, 1, 3, 5,
/// 7: first those that are multiplied with the first codes of four bytes of 4-bit weights, then those with the
/// second.
struct Rows8 {
  std::int8_t* codes = nullptr;    ///< (rows, cols)
  float* scales = nullptr;         ///< (rows, groups)
  std::int32_t* biases = nullptr;  ///< (rows, groups): -128 times the sum of the group's codes
  float* sums = nullptr;           ///< (rows, groups): the sum of the group's codes
  std::size_t rows = 0;
  std::size_t cols = 0;
  bool paired = false;

  static constexpr std::size_t group = quant::Int8Activations::group;
  std::size_t groups() const { return cols / group; }

  Rows8 rows_at(std::size_t first, std::size_t count) const {
    return {codes + first * cols,
            scales + first * groups(),
            biases + first * groups(),
            sums + first * groups(),
            count,
            cols,
            paired};
  }

  /// Size of rows * cols of them, a multiple of 64.
  static constexpr Bytes bytes(std::size_t rows, std::size_t cols) {
    return {aligned(rows * cols) + 3 * aligned(rows * (cols / group) * sizeof(float))};
  }
  /// Rows stored in bytes(rows, cols) bytes at `memory`, which is aligned to 64.
  static Rows8 in(std::byte* memory, std::size_t rows, std::size_t cols, bool paired) {
    std::byte* scales = memory + aligned(rows * cols);
    const std::uint64_t each = aligned(rows * (cols / group) * sizeof(float));
    return {reinterpret_cast<std::int8_t*>(memory),
            reinterpret_cast<float*>(scales),
            reinterpret_cast<std::int32_t*>(scales + each),
            reinterpret_cast<float*>(scales + 2 * each),
            rows,
            cols,
            paired};
  }
};

}  // namespace asterism::simd
