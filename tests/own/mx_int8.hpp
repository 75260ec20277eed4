// MXINT8 of the OCP Microscaling formats 1.0: 32 weights share a power of two; each is a multiple of it in 8 bits.
#pragma once
#include <cmath>
#include <cstring>
#include <string>

#include "asterism/kernels.hpp"
#include "asterism/quant/concept.hpp"

using namespace asterism;
struct MxInt8 {
  static constexpr double bits_per_weight = 8.25;
  static constexpr int code_bits = 8;
  static constexpr std::size_t element_bytes = 0;
  static std::string name() { return "mxint8"; }
  static constexpr quant::Planes planes(std::uint64_t rows, std::uint64_t cols) {
    const std::uint64_t blocks = (quant::element_count(rows, cols) + 31) / 32;
    quant::Planes result;
    return result.add("codes", blocks * 32), result.add("exponents", blocks), result;
  }
  static void encode(quant::WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
    std::memset(out, 0, planes(rows, cols).bytes().count);
    quant::for_each_block<32>(source, rows * cols, [&](std::uint64_t b, const float* values) {
      float most = 0x1p-121F;  // 2^-127 is the least step
      for (int i = 0; i < 32; ++i) most = std::fmax(most, std::fabs(values[i]));
      const int exponent = std::ilogb(most) - 6;
      out[planes(rows, cols)[1].offset + b] = static_cast<std::byte>(exponent + 127);
      for (unsigned i = 0; i < 32; ++i) {
        const float code = std::fmin(std::round(std::ldexp(values[i], -exponent)), 127.0F);
        out[b * 32 + i] = static_cast<std::byte>(static_cast<int>(code));
      }
    });
  }
  static void decode(quant::MatrixRef<MxInt8> from, std::uint64_t first, View<float> out) {
    for (std::uint64_t i = first; i < first + out.size; ++i)
      out[i - first] = static_cast<std::int8_t>(from.data[i]) * step(from, i);
  }
  static double error_bound(quant::MatrixRef<MxInt8> from, std::uint64_t i, float original) {
    return std::fmax(0.5 * step(from, i), std::fabs(double{original}) - 127.0 * step(from, i));
  }
  static float step(quant::MatrixRef<MxInt8> from, std::uint64_t i) {
    return std::ldexp(1.0F, static_cast<int>(from.data[planes(from.rows, from.cols)[1].offset + i / 32]) - 127);
  }
};
