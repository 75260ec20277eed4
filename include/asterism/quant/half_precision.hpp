// The two 16-bit floating-point formats as bits: conversions from and to float32, one value at a time.
#pragma once

#include <bit>
#include <cstdint>

namespace asterism::quant {

/// The float32 value of bfloat16 bits; exact.
constexpr float float_from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

/// The nearest bfloat16, ties to even. Finite values above 3.3961775e38 become infinite; NaN stays NaN.
constexpr std::uint16_t bfloat16_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16U) | 0x0040U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

/// The float32 value of IEEE 754 binary16 bits; exact, subnormals included.
constexpr float float_from_float16(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16U;
  const std::uint32_t magnitude = bits & 0x7FFFU;
  if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | ((magnitude & 0x3FFU) << 13U));
  if (magnitude >= 0x0400U) return std::bit_cast<float>(sign | ((magnitude << 13U) + 0x38000000U));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-24F;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(subnormal));
}

/// The nearest binary16, ties to even. Magnitudes of 65520 and above become infinite; NaN stays NaN.
constexpr std::uint16_t float16_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (magnitude > 0x7F800000U) {
    half = 0x7E00U | ((magnitude >> 13U) & 0x03FFU);
  } else if (magnitude >= 0x477FF000U) {
    half = 0x7C00U;
  } else if (magnitude >= 0x38800000U) {  // 2^-14: normal in binary16
    half = (magnitude - 0x38000000U + 0x0FFFU + ((magnitude >> 13U) & 1U)) >> 13U;
  } else {
    // Adding 0.5 aligns the last bit of a subnormal with the last bit of the float, which rounds it.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    half = std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U;
  }
  return static_cast<std::uint16_t>(sign | half);
}

}  // namespace asterism::quant
