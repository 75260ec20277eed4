// Bodies of float_bits.hpp.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/float_bits.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/half_precision.hpp"

namespace asterism::checkpoint {

namespace detail {

/// out[i] = widen(source[i]); returns whether all were finite.
template <class Stored, class Widen>
bool widen_all(const std::byte* source, View<float> out, Widen widen) {
  std::uint32_t largest = 0;
  const auto widen_one = [&](Stored stored, float& value) {
    value = widen(stored);
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFU;
    largest = magnitude > largest ? magnitude : largest;
  };
  // A constant trip count, so that compilers vectorise at -O2.
  constexpr std::size_t block = 64;
  const std::size_t whole = out.size / block * block;
  for (std::size_t i = 0; i < whole; i += block, source += block * sizeof(Stored)) {
    Stored stored[block];
    std::memcpy(stored, source, sizeof stored);
    for (std::size_t k = 0; k < block; ++k) widen_one(stored[k], out.data[i + k]);
  }
  for (std::size_t i = whole; i < out.size; ++i, source += sizeof(Stored)) {
    Stored stored = 0;
    std::memcpy(&stored, source, sizeof stored);
    widen_one(stored, out[i]);
  }
  return largest < 0x7F800000U;
}

ASTERISM_INLINE bool widen_floats(DType dtype, const std::byte* source, View<float> out) {
  switch (dtype) {
    case DType::f32:
      return widen_all<std::uint32_t>(source, out, [](std::uint32_t bits) { return std::bit_cast<float>(bits); });
    case DType::f16:
      return widen_all<std::uint16_t>(source, out,
                                      [](std::uint16_t bits) { return quant::float_from_float16(bits); });
    case DType::bf16:
      return widen_all<std::uint16_t>(source, out,
                                      [](std::uint16_t bits) { return quant::float_from_bfloat16(bits); });
    default:
      return false;
  }
}

ASTERISM_INLINE void refuse_floats(DType dtype, View<const float> out, const std::string& tensor,
                                   std::uint64_t first) {
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) {
    throw Unsupported(concat(tensor, " has dtype ", dtype_name(dtype), ", expected F32, F16 or BF16"));
  }
  std::size_t i = 0;
  while (is_finite_bits(std::bit_cast<std::uint32_t>(out[i]))) ++i;
  const bool is_nan = (std::bit_cast<std::uint32_t>(out[i]) & 0x7FFFFFU) != 0;
  throw FormatError(concat(tensor, " holds ", is_nan ? "NaN" : "infinity", " at element ", first + i,
                           "; weights must be finite"));
}

}  // namespace detail

}  // namespace asterism::checkpoint
