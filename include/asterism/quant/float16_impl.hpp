// Bodies of float16.hpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/half_precision.hpp"

namespace asterism::quant {

ASTERISM_INLINE void Float16::encode(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
  clear_padding(planes(rows, cols), out);
  for_each_piece(source, rows * cols, [&](std::uint64_t first, View<const float> piece) {
    for (std::size_t i = 0; i < piece.size; ++i) {
      const std::uint16_t bits = float16_from_float(piece[i]);
      if ((bits & 0x7C00U) == 0x7C00U) {
        throw NumericError(concat("element ", first + i, " is ", piece[i],
                                  ": beyond the range of float16 (65504); store it as bfloat16 or float32"));
      }
      std::memcpy(out + (first + i) * 2, &bits, 2);
    }
  });
}

ASTERISM_INLINE void Float16::decode(MatrixRef<Float16> matrix, std::uint64_t first_element, View<float> out) {
  const std::byte* in = matrix.data + first_element * 2;
  for (std::size_t i = 0; i < out.size; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, in + i * 2, 2);
    out[i] = float_from_float16(bits);
  }
}

ASTERISM_INLINE double Float16::error_bound(MatrixRef<Float16> /*matrix*/, std::uint64_t /*element*/,
                                            float original) {
  return std::fmax(std::fabs(double{original}) * 0x1p-11, 0x1p-25);
}

}  // namespace asterism::quant
