// Weights as bfloat16, the type that most checkpoints come in.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/matrix_ref.hpp"
#include "asterism/quant/planes.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::quant {

/// Quantization policy: bfloat16 (the upper half of a float32), little-endian, one plane "values"; ties to even.
/// `encode` refuses magnitudes that round to infinity (above 3.3961775e38).
struct BFloat16 {
  static constexpr double bits_per_weight = 16;
  static std::string name() { return "bfloat16"; }

  static constexpr Planes planes(std::uint64_t rows, std::uint64_t cols) {
    Planes result;
    result.add("values", element_count(rows, cols) * 2);
    return result;
  }

  static void encode(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
    clear_padding(planes(rows, cols), out);
    for_each_piece(source, rows * cols, [&](std::uint64_t first, View<const float> piece) {
      for (std::size_t i = 0; i < piece.size; ++i) {
        const std::uint16_t bits = bfloat16_from_float(piece[i]);
        if ((bits & 0x7F80U) == 0x7F80U) {
          throw NumericError(concat("element ", first + i, " is ", piece[i],
                                    ": beyond the range of bfloat16 (3.3895314e38); store it as float32"));
        }
        std::memcpy(out + (first + i) * 2, &bits, 2);
      }
    });
  }

  static void decode(MatrixRef<BFloat16> matrix, std::uint64_t first_element, View<float> out) {
    const std::byte* in = matrix.data + first_element * 2;
    for (std::size_t i = 0; i < out.size; ++i) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, in + i * 2, 2);
      out[i] = float_from_bfloat16(bits);
    }
  }

  /// Half a unit in the last of 8 significant bits; below 2^-126 half of 2^-133.
  static double error_bound(MatrixRef<BFloat16> /*matrix*/, std::uint64_t /*element*/, float original) {
    return std::fmax(std::fabs(double{original}) * 0x1p-8, 0x1p-134);
  }
};

}  // namespace asterism::quant
