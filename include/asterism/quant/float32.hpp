// Weights in float32.
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

/// Quantization policy: IEEE 754 binary32, little-endian, one plane "values". Lossless.
struct Float32 {
  static constexpr double bits_per_weight = 32;
  static constexpr int code_bits = 0;
  static constexpr std::size_t element_bytes = 4;
  static std::string name() { return "float32"; }

  static constexpr Planes planes(std::uint64_t rows, std::uint64_t cols) {
    Planes result;
    result.add("values", element_count(rows, cols) * 4);
    return result;
  }

  static void encode(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out);

  static void decode(MatrixRef<Float32> matrix, std::uint64_t first_element, View<float> out);

  static double error_bound(MatrixRef<Float32> /*matrix*/, std::uint64_t /*element*/, float /*original*/) {
    return 0;
  }
};

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/float32_impl.hpp"
#endif
