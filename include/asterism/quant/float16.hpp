// Weights as IEEE half precision.
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

/// Quantization policy: IEEE 754 binary16, little-endian, one plane "values"; ties to even.
/// `encode` refuses magnitudes of 65520 and above, which would become infinite.
struct Float16 {
  static constexpr double bits_per_weight = 16;
  static std::string name() { return "float16"; }

  static constexpr Planes planes(std::uint64_t rows, std::uint64_t cols) {
    Planes result;
    result.add("values", element_count(rows, cols) * 2);
    return result;
  }

  static void encode(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
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

  static void decode(MatrixRef<Float16> matrix, std::uint64_t first_element, View<float> out) {
    const std::byte* in = matrix.data + first_element * 2;
    for (std::size_t i = 0; i < out.size; ++i) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, in + i * 2, 2);
      out[i] = float_from_float16(bits);
    }
  }

  /// Half a unit in the last of 11 significant bits; below 2^-14 half of 2^-24.
  static double error_bound(MatrixRef<Float16> /*matrix*/, std::uint64_t /*element*/, float original) {
    return std::fmax(std::fabs(double{original}) * 0x1p-11, 0x1p-25);
  }
};

}  // namespace asterism::quant
