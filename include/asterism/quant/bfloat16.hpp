// Weights in bfloat16, the type of most checkpoints.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/matrix_ref.hpp"
#include "asterism/quant/planes.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::quant {

/// Quantization policy: bfloat16 (the upper half of a float32), little-endian, one plane "values"; ties to even.
/// `encode` refuses magnitudes that round to infinity (above 3.3961775e38).
struct BFloat16 {
  static constexpr double bits_per_weight = 16;
  static constexpr int code_bits = 0;
  static constexpr std::size_t element_bytes = 2;
  static std::string name() { return "bfloat16"; }

  static constexpr Planes planes(std::uint64_t rows, std::uint64_t cols) {
    Planes result;
    result.add("values", element_count(rows, cols) * 2);
    return result;
  }

  static void encode(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out);

  static void decode(MatrixRef<BFloat16> matrix, std::uint64_t first_element, View<float> out);

  /// Half a unit in the last of 8 significant bits; below 2^-126 half of 2^-133.
  static double error_bound(MatrixRef<BFloat16> /*matrix*/, std::uint64_t /*element*/, float original);
};

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/bfloat16_impl.hpp"
#endif
