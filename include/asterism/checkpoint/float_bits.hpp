// Elements of F32, F16 and BF16 tensors as floats, with NaN and infinity found on their bits: std::isnan is false
// under -ffast-math.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "asterism/checkpoint/dtype.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/half_precision.hpp"

namespace asterism::checkpoint {

/// Neither NaN nor infinity, by the bits of a binary32.
constexpr bool is_finite_bits(std::uint32_t bits) { return (bits & 0x7F800000U) != 0x7F800000U; }

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

}  // namespace detail

/// The elements stored at `source` (out.size of them, F32, F16 or BF16, of any alignment) as floats. `describe()`
/// names the tensor in an error, and `first` is the index of its first element here. FormatError naming the first
/// NaN or infinity; Unsupported for another dtype. The caller checks that the source has enough bytes.
template <class Describe>
void to_floats(DType dtype, const std::byte* source, View<float> out, const Describe& describe,
               std::uint64_t first) {
  bool finite = true;
  switch (dtype) {
    case DType::f32:
      finite = detail::widen_all<std::uint32_t>(source, out,
                                                [](std::uint32_t bits) { return std::bit_cast<float>(bits); });
      break;
    case DType::f16:
      finite = detail::widen_all<std::uint16_t>(
          source, out, [](std::uint16_t bits) { return quant::float_from_float16(bits); });
      break;
    case DType::bf16:
      finite = detail::widen_all<std::uint16_t>(
          source, out, [](std::uint16_t bits) { return quant::float_from_bfloat16(bits); });
      break;
    default:
      throw Unsupported(concat(describe(), " has dtype ", dtype_name(dtype), ", expected F32, F16 or BF16"));
  }
  if (finite) return;
  for (std::size_t i = 0; i < out.size; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(out[i]);
    if (is_finite_bits(bits)) continue;
    throw FormatError(concat(describe(), " holds ", (bits & 0x7FFFFFU) != 0 ? "NaN" : "infinity", " at element ",
                             first + i, "; weights must be finite"));
  }
}

}  // namespace asterism::checkpoint
