// Copies of operands in the order in which products of matrices read them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "asterism/simd/gemm/operand.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd::detail {

/// A panel holds `Width` lines of an operand, rows of a or columns of b, over all k: element (i, k) at k * Width + i.
/// Places of lines that the operand does not have are 0. Here lines are rows: b comes transposed.

/// `Lines` lines, 2 or 4, each consecutive in memory, to columns [0, Lines) of a panel: squares are transposed in
/// registers that every processor has.
template <std::size_t Width, std::size_t Lines>
void transpose_lines(const float* in, std::size_t stride, std::size_t depth, float* out) {
  using Four [[gnu::vector_size(16)]] = float;
  std::size_t k = 0;
  for (; k + 4 <= depth; k += 4) {
    Four row[4] = {};
    ASTERISM_UNROLL
    for (std::size_t i = 0; i < Lines; ++i) std::memcpy(&row[i], in + i * stride + k, sizeof row[i]);
    const Four low = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    const Four low_2 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const Four high = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    const Four high_2 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    const Four of_k[4] = {
        __builtin_shufflevector(low, low_2, 0, 1, 4, 5), __builtin_shufflevector(low, low_2, 2, 3, 6, 7),
        __builtin_shufflevector(high, high_2, 0, 1, 4, 5), __builtin_shufflevector(high, high_2, 2, 3, 6, 7)};
    ASTERISM_UNROLL
    for (std::size_t i = 0; i < 4; ++i) std::memcpy(out + (k + i) * Width, &of_k[i], Lines * sizeof(float));
  }
  for (; k < depth; ++k) {
    ASTERISM_UNROLL
    for (std::size_t i = 0; i < Lines; ++i) out[k * Width + i] = in[i * stride + k];
  }
}

/// One panel of lines that are consecutive in memory. Kernels with vectors of eight floats bring theirs,
/// `transpose_eight`.
template <std::size_t Width, class Kernels>
void pack_transposed(const GemmOperand& from, float* out) {
  std::size_t i = 0;
  if constexpr (Width % 8 == 0 && requires { Kernels::template transpose_eight<Width>; }) {
    for (; i + 8 <= from.rows; i += 8) {
      Kernels::template transpose_eight<Width>(from.data + i * from.row_stride, from.row_stride, from.cols,
                                               out + i);
    }
  }
  const auto to_columns = [&]<std::size_t Lines>(std::integral_constant<std::size_t, Lines>) {
    for (; i + Lines <= from.rows; i += Lines) {
      transpose_lines<Width, Lines>(from.data + i * from.row_stride, from.row_stride, from.cols, out + i);
    }
  };
  to_columns(std::integral_constant<std::size_t, 4>{});
  to_columns(std::integral_constant<std::size_t, 2>{});
  for (; i < Width; ++i) {
    for (std::size_t k = 0; k < from.cols; ++k) {
      out[k * Width + i] = i < from.rows ? from.data[i * from.row_stride + k] : 0.0F;
    }
  }
}

/// `Panels` whole panels of lines that are neighbours in memory, so that it is read in long pieces.
template <std::size_t Width, std::size_t Panels>
void copy_panels(const float* in, std::size_t stride, std::size_t depth, float* out) {
  for (std::size_t k = 0; k < depth; ++k) {
    ASTERISM_UNROLL
    for (std::size_t p = 0; p < Panels; ++p) {
      std::memcpy(out + (p * depth + k) * Width, in + k * stride + p * Width, Width * sizeof(float));
    }
  }
}

/// The same from line `i` on, as often as there are so many, which takes `i` and `out` along.
template <std::size_t Width, std::size_t Panels, class Kernels>
void copy_whole_panels(const GemmOperand& from, std::size_t& i, float*& out) {
  for (; i + Panels * Width <= from.rows; i += Panels * Width, out += Panels * Width * from.cols) {
    if constexpr (Width % 8 == 0 && requires { Kernels::template copy_panels<Width, Panels>; }) {
      Kernels::template copy_panels<Width, Panels>(from.data + i, from.col_stride, from.cols, out);
    } else {
      copy_panels<Width, Panels>(from.data + i, from.col_stride, from.cols, out);
    }
  }
}

/// Panels of lines that are neighbours in memory.
template <std::size_t Width, class Kernels>
void pack_copied(const GemmOperand& from, float* out) {
  std::size_t i = 0;
  copy_whole_panels<Width, 64 / Width, Kernels>(from, i, out);
  copy_whole_panels<Width, 1, Kernels>(from, i, out);
  if (i == from.rows) return;
  for (std::size_t k = 0; k < from.cols; ++k) {
    const float* const in = from.data + k * from.col_stride + i;
    for (std::size_t j = 0; j < Width; ++j) out[k * Width + j] = i + j < from.rows ? in[j] : 0.0F;
  }
}

/// All lines to panels, one behind the other.
template <std::size_t Width, class Kernels>
void pack(const GemmOperand& from, float* out) {
  if (from.col_stride != 1) return pack_copied<Width, Kernels>(from, out);
  for (std::size_t i = 0; i < from.rows; i += Width, out += Width * from.cols) {
    pack_transposed<Width, Kernels>(from.block(i, std::min(Width, from.rows - i), 0, from.cols), out);
  }
}

}  // namespace asterism::simd::detail
