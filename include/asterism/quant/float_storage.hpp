// In which plain floating-point type numbers are stored that are computed with in float32.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/quant/fwd.hpp"

namespace asterism::quant {

/// A type of numbers in memory, little-endian, one behind the other.
enum class FloatStorage : std::uint8_t {
  float32,
  bfloat16,  ///< the range of float32 with 8 significant bits
  float16,   ///< IEEE 754 binary16: up to 65504, down to 2^-24, with 11 significant bits
};

/// Bytes of one number.
constexpr std::size_t bytes_of(FloatStorage storage) { return storage == FloatStorage::float32 ? 4 : 2; }

/// "float32", "bfloat16" or "float16".
constexpr const char* name_of(FloatStorage storage) {
  if (storage == FloatStorage::float32) return "float32";
  return storage == FloatStorage::bfloat16 ? "bfloat16" : "float16";
}

/// The formats of weights that store plain numbers, row by row.
template <class Format>
concept PlainFloat =
    std::same_as<Format, Float32> || std::same_as<Format, BFloat16> || std::same_as<Format, Float16>;

/// How a format of them stores a number.
template <PlainFloat Format>
inline constexpr FloatStorage storage_of = std::same_as<Format, Float32>    ? FloatStorage::float32
                                           : std::same_as<Format, BFloat16> ? FloatStorage::bfloat16
                                                                            : FloatStorage::float16;

namespace detail {
template <FloatStorage Storage>
struct FormatOf {
  using Format = Float32;
};
template <>
struct FormatOf<FloatStorage::bfloat16> {
  using Format = BFloat16;
};
template <>
struct FormatOf<FloatStorage::float16> {
  using Format = Float16;
};
}  // namespace detail

/// The format that stores numbers so.
template <FloatStorage Storage>
using FormatOf = typename detail::FormatOf<Storage>::Format;

}  // namespace asterism::quant
