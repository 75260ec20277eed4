// Copies of operands in the order in which products of matrices read them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "asterism/simd/gemm.hpp"

namespace asterism::simd::detail {

/// A panel holds `Width` lines of an operand, rows of a or columns of b, over `depth` values of k: element (i, k) at
/// k * Width + i. Places of lines that the operand does not have are 0.
///
/// Some lines of an operand: element (i, k) is data[i * line_stride + k * k_stride], and one of the strides is 1.
struct GemmLines {
  const float* data = nullptr;
  std::size_t lines = 0;
  std::size_t depth = 0;
  std::size_t line_stride = 0;
  std::size_t k_stride = 0;

  /// Lines [first, first + count) over k in [from, from + of).
  constexpr GemmLines at(std::size_t first, std::size_t count, std::size_t from, std::size_t of) const {
    return {data + first * line_stride + from * k_stride, count, of, line_stride, k_stride};
  }
};

constexpr GemmLines rows_of(const GemmOperand& a) { return {a.data, a.rows, a.cols, a.row_stride, a.col_stride}; }
constexpr GemmLines cols_of(const GemmOperand& b) { return {b.data, b.cols, b.rows, b.col_stride, b.row_stride}; }

/// Four lines, each consecutive in memory, to columns [0, 4) of a panel: squares are transposed in registers that
/// every processor has.
template <std::size_t Width>
void transpose_four(const GemmLines& from, float* out) {
  using Four [[gnu::vector_size(16)]] = float;
  const float* const in = from.data;
  const std::size_t stride = from.line_stride;
  std::size_t k = 0;
  for (; k + 4 <= from.depth; k += 4) {
    Four row[4];
    for (std::size_t i = 0; i < 4; ++i) std::memcpy(&row[i], in + i * stride + k, sizeof row[i]);
    const Four low = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    const Four low_2 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const Four high = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    const Four high_2 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    const Four of_k[4] = {
        __builtin_shufflevector(low, low_2, 0, 1, 4, 5), __builtin_shufflevector(low, low_2, 2, 3, 6, 7),
        __builtin_shufflevector(high, high_2, 0, 1, 4, 5), __builtin_shufflevector(high, high_2, 2, 3, 6, 7)};
    for (std::size_t i = 0; i < 4; ++i) std::memcpy(out + (k + i) * Width, &of_k[i], sizeof of_k[i]);
  }
  for (; k < from.depth; ++k) {
    for (std::size_t i = 0; i < 4; ++i) out[k * Width + i] = in[i * stride + k];
  }
}

/// The same for two lines.
template <std::size_t Width>
void transpose_two(const GemmLines& from, float* out) {
  using Four [[gnu::vector_size(16)]] = float;
  using Two [[gnu::vector_size(8)]] = float;
  std::size_t k = 0;
  for (; k + 4 <= from.depth; k += 4) {
    Four row[2];
    for (std::size_t i = 0; i < 2; ++i) std::memcpy(&row[i], from.data + i * from.line_stride + k, sizeof row[i]);
    const Four low = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    const Four high = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    std::memcpy(out + k * Width, &low, sizeof(Two));
    std::memcpy(out + (k + 1) * Width, reinterpret_cast<const float*>(&low) + 2, sizeof(Two));
    std::memcpy(out + (k + 2) * Width, &high, sizeof(Two));
    std::memcpy(out + (k + 3) * Width, reinterpret_cast<const float*>(&high) + 2, sizeof(Two));
  }
  for (; k < from.depth; ++k) {
    for (std::size_t i = 0; i < 2; ++i) out[k * Width + i] = from.data[i * from.line_stride + k];
  }
}

/// One panel of lines that are consecutive in memory.
template <std::size_t Width>
void pack_transposed(const GemmLines& from, float* out) {
  std::size_t i = 0;
  const auto rest = [&] { return from.at(i, from.lines - i, 0, from.depth); };
  for (; i + 4 <= from.lines; i += 4) transpose_four<Width>(rest(), out + i);
  if (i + 2 <= from.lines) {
    transpose_two<Width>(rest(), out + i);
    i += 2;
  }
  for (; i < Width; ++i) {
    for (std::size_t k = 0; k < from.depth; ++k) {
      out[k * Width + i] = i < from.lines ? from.data[i * from.line_stride + k] : 0.0F;
    }
  }
}

/// Whole panels of lines that are neighbours in memory, several at a time, so that memory is read in long pieces.
template <std::size_t Width>
void pack_copied(const GemmLines& from, float* out) {
  constexpr std::size_t at_once = Width < 16 ? 8 : 4;
  const std::size_t panel = Width * from.depth;
  std::size_t i = 0;
  for (; i + at_once * Width <= from.lines; i += at_once * Width, out += at_once * panel) {
    for (std::size_t k = 0; k < from.depth; ++k) {
      const float* const in = from.data + k * from.k_stride + i;
      for (std::size_t p = 0; p < at_once; ++p) {
        std::memcpy(out + p * panel + k * Width, in + p * Width, Width * sizeof(float));
      }
    }
  }
  for (; i + Width <= from.lines; i += Width, out += panel) {
    for (std::size_t k = 0; k < from.depth; ++k) {
      std::memcpy(out + k * Width, from.data + k * from.k_stride + i, Width * sizeof(float));
    }
  }
  if (i == from.lines) return;
  for (std::size_t k = 0; k < from.depth; ++k) {
    const float* const in = from.data + k * from.k_stride + i;
    for (std::size_t j = 0; j < Width; ++j) out[k * Width + j] = i + j < from.lines ? in[j] : 0.0F;
  }
}

/// All lines to panels, one behind the other.
template <std::size_t Width>
void pack(const GemmLines& from, float* out) {
  if (from.k_stride != 1) return pack_copied<Width>(from, out);
  for (std::size_t i = 0; i < from.lines; i += Width, out += Width * from.depth) {
    pack_transposed<Width>(from.at(i, std::min(Width, from.lines - i), 0, from.depth), out);
  }
}

}  // namespace asterism::simd::detail
