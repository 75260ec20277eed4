// Bodies of float32.hpp.
#pragma once

#include <cstring>

#include "asterism/quant/float32.hpp"

namespace asterism::quant {

ASTERISM_INLINE void Float32::encode(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
  clear_padding(planes(rows, cols), out);
  for_each_piece(source, rows * cols, [&](std::uint64_t first, View<const float> piece) {
    std::memcpy(out + first * 4, piece.data, piece.size * 4);
  });
}

ASTERISM_INLINE void Float32::decode(MatrixRef<Float32> matrix, std::uint64_t first_element, View<float> out) {
  if (!out.empty()) std::memcpy(out.data, matrix.data + first_element * 4, out.size * 4);
}

}  // namespace asterism::quant
