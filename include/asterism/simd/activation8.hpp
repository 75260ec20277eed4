// Rows of activations as 8-bit integers: the inputs of integer products.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/quant/activation.hpp"

namespace asterism::simd {

/// What kernels want to know of rows of 8-bit activations: it follows from the format of the weights and the
/// activation policy, see activation_order.
struct ActivationOrder {
  /// Whether the eight columns 8j ... 8j + 7 are stored as 0, 2, 4, 6, 1, 3, 5, 7: first those that are multiplied with
  /// the first codes of four bytes of 4-bit weights, then those with the second.
  bool paired = false;
  std::size_t group = quant::Int8Activations::group;  ///< columns that share a scale: a multiple of 32
  std::size_t cell = quant::Int8Activations::group;   ///< columns whose codes are summed up: a part of a group

  friend bool operator==(const ActivationOrder&, const ActivationOrder&) = default;
};

/// Borrowed rows (rows, cols) of integers in [-127, 127] with a scale for each group of columns, the last of which may
/// be shorter; cols is a multiple of 32 and of the cell.
struct Rows8 {
  std::int8_t* codes = nullptr;    ///< (rows, cols)
  float* scales = nullptr;         ///< (rows, groups)
  std::int32_t* biases = nullptr;  ///< (rows, cells): -128 times the sum of the cell's codes
  float* sums = nullptr;           ///< (rows, cells): the sum of the cell's codes
  std::size_t rows = 0;
  std::size_t cols = 0;
  ActivationOrder order;

  /// Groups and cells are whole numbers of so many columns.
  static constexpr std::size_t unit = 32;

  std::size_t groups() const { return (cols + order.group - 1) / order.group; }
  std::size_t cells() const { return cols / order.cell; }

  Rows8 rows_at(std::size_t first, std::size_t count) const {
    return {codes + first * cols,
            scales + first * groups(),
            biases + first * cells(),
            sums + first * cells(),
            count,
            cols,
            order};
  }

  /// The same rows from column c on, a multiple of group and cell; `cols` remains the distance between rows.
  Rows8 from_column(std::size_t c) const {
    Rows8 some = *this;
    some.codes += c;
    some.scales += c / order.group;
    some.biases += c / order.cell;
    some.sums += c / order.cell;
    return some;
  }

  /// Size of rows * cols of them in any order, a multiple of 64.
  static constexpr Bytes bytes(std::size_t rows, std::size_t cols) {
    return {aligned(rows * cols) + 3 * aligned(rows * (cols / unit) * sizeof(float))};
  }
  /// Rows stored in bytes(rows, cols) bytes at `memory`, which is aligned to 64.
  static Rows8 in(std::byte* memory, std::size_t rows, std::size_t cols, ActivationOrder order) {
    std::byte* scales = memory + aligned(rows * cols);
    const std::uint64_t each = aligned(rows * (cols / unit) * sizeof(float));
    return {reinterpret_cast<std::int8_t*>(memory),
            reinterpret_cast<float*>(scales),
            reinterpret_cast<std::int32_t*>(scales + each),
            reinterpret_cast<float*>(scales + 2 * each),
            rows,
            cols,
            order};
  }
};

}  // namespace asterism::simd
