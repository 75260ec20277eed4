// The values of a weight format in float32, for tests: what products on its packed planes have to equal.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "asterism/kernels.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/float32.hpp"

namespace asterism::test {

/// A format that stores what Q decodes to.
template <quant::Quantization Q>
struct Decoded {
  static constexpr double bits_per_weight = 32;
  static constexpr int code_bits = 0;
  static constexpr std::size_t element_bytes = 4;
  static std::string name() { return Q::name() + ", decoded"; }
  static constexpr quant::Planes planes(std::uint64_t rows, std::uint64_t cols) {
    return quant::Float32::planes(rows, cols);
  }
  static void encode(quant::WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
    std::vector<std::uint64_t> bytes(Q::planes(rows, cols).bytes().count / 8);
    auto* stored = reinterpret_cast<std::byte*>(bytes.data());
    Q::encode(source, rows, cols, stored);
    const auto decoded = [&](std::uint64_t first, View<float> to) { Q::decode({stored, rows, cols}, first, to); };
    quant::Float32::encode(decoded, rows, cols, out);
  }
  static void decode(quant::MatrixRef<Decoded> matrix, std::uint64_t first, View<float> out) {
    quant::Float32::decode({matrix.data, matrix.rows, matrix.cols}, first, out);
  }
  static double error_bound(quant::MatrixRef<Decoded>, std::uint64_t, float original) {
    return std::fabs(double{original});
  }
};

}  // namespace asterism::test
