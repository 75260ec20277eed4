// Bodies of kv_format.hpp, as templates: see kernels.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "asterism/backend/kv_format.hpp"
#include "asterism/core/bits.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/half_precision.hpp"

namespace asterism::backend {

namespace detail {

/// Rounding of groups of 8-bit keys and values.
struct Int8Kv {
  static constexpr float most = 127 * 65504.0F;

  static float largest_magnitude(View<const float> values) {
    std::int32_t largest = 0;
    for (std::size_t i = 0; i < values.size; ++i) {
      const std::int32_t magnitude = magnitude_bits(values.data[i]);
      largest = magnitude > largest ? magnitude : largest;
    }
    if (!(std::bit_cast<float>(largest) <= most)) refuse(values);
    return std::bit_cast<float>(largest);
  }
  /// The nearest integer, ties to even, in [-127, 127].
  static std::int8_t code(float value) {
    const std::int32_t nearest = nearest_even(value);
    return static_cast<std::int8_t>(nearest > 127 ? 127 : nearest < -127 ? -127 : nearest);
  }
  [[noreturn]] static void refuse(View<const float> values) {
    const auto fits = [](float value) { return std::fabs(value) <= most; };
    throw NumericError(
        concat("the value ", *std::find_if_not(values.begin(), values.end(), fits),
               " of a key or value does not fit the Int8 key/value cache: use quant::Float32 for it"));
  }
};

}  // namespace detail

template <int Group>
inline void KvFormat<quant::Int8<Group, quant::AbsMax>>::store(View<const float> from, std::byte* to) {
  using detail::Int8Kv;
  auto* codes = reinterpret_cast<std::int8_t*>(to);
  for (std::size_t g = 0; g < Row::groups(from.size); ++g) {
    const std::size_t rest = from.size - g * Group;
    const View<const float> values = from.subview(g * Group, rest < Group ? rest : Group);
    const float largest = Int8Kv::largest_magnitude(values);
    std::uint16_t bits = quant::float16_from_float(largest / 127);
    if (quant::float_from_float16(bits) * 127.5F < largest) ++bits;
    const float scale = bits == 0 ? 1.0F : quant::float_from_float16(bits);
    std::memcpy(to + from.size + g * sizeof bits, &bits, sizeof bits);
    for (std::size_t i = 0; i < values.size; ++i) codes[g * Group + i] = Int8Kv::code(values.data[i] / scale);
  }
}

}  // namespace asterism::backend
