// How the key or the value of one head at one position is stored, by format.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

/// One row of `n` values (n even: the width of a head) in Format:
/// - `Row`: how it lies in memory; see simd::StoredRows.
/// - `bytes(n)`: what it takes; the size model of every cache.
/// - `store(from, to)`: rounds the values to the format. Throws NumericError where one is beyond its range.
///
/// Models: Float32, Float16, Int8<Group, AbsMax>.
template <class Format>
struct KvFormat;

template <>
struct KvFormat<quant::Float32> {
  using Row = simd::Float32Row;
  static constexpr std::size_t bytes(std::size_t n) { return Row::bytes(n); }

  static void store(View<const float> from, std::byte* to) {
    std::memcpy(to, from.data, from.size * sizeof(float));
  }
};

template <>
struct KvFormat<quant::Float16> {
  using Row = simd::Float16Row;
  static constexpr std::size_t bytes(std::size_t n) { return Row::bytes(n); }

  static void store(View<const float> from, std::byte* to) {
    auto* halves = reinterpret_cast<std::uint16_t*>(to);
    simd::to_float16(from.data, halves, from.size);
    for (std::size_t i = 0; i < from.size; ++i) {
      if ((halves[i] & 0x7C00U) == 0x7C00U) {
        throw NumericError(concat("the value ", from[i], " of a key or value does not fit the Float16 key/value ",
                                  "cache: use quant::Float32 for it"));
      }
    }
  }
};

/// Codes in [-127, 127]. The scale of a group is its largest magnitude over 127, rounded to binary16: to nearest, or
/// away from zero where 127 of it would fall short by more than half of it, as among the smallest. So the error of
/// a value is at most half its group's scale.
template <int Group>
struct KvFormat<quant::Int8<Group, quant::AbsMax>> {
  static_assert(Group >= 2 && Group % 2 == 0, "a group of keys or values is an even number of them");
  using Row = simd::Int8Row<Group>;
  static constexpr std::size_t bytes(std::size_t n) { return Row::bytes(n); }

  static void store(View<const float> from, std::byte* to) {
    auto* codes = reinterpret_cast<std::int8_t*>(to);
    for (std::size_t g = 0; g < Row::groups(from.size); ++g) {
      const std::size_t rest = from.size - g * Group;
      const View<const float> values = from.subview(g * Group, rest < Group ? rest : Group);
      const float largest = largest_magnitude(values);
      std::uint16_t bits = quant::float16_from_float(largest / 127);
      if (quant::float_from_float16(bits) * 127.5F < largest) ++bits;
      const float scale = bits == 0 ? 1.0F : quant::float_from_float16(bits);
      std::memcpy(to + from.size + g * sizeof bits, &bits, sizeof bits);
      for (std::size_t i = 0; i < values.size; ++i) codes[g * Group + i] = code(values.data[i] / scale);
    }
  }

 private:
  /// As an integer, which orders magnitudes just so and puts NaN last: a loop that compilers vectorise.
  static float largest_magnitude(View<const float> values) {
    std::int32_t largest = 0;
    for (std::size_t i = 0; i < values.size; ++i) {
      const std::int32_t magnitude = std::bit_cast<std::int32_t>(values.data[i]) & 0x7FFFFFFF;
      largest = magnitude > largest ? magnitude : largest;
    }
    if (!(std::bit_cast<float>(largest) <= most)) refuse(values);
    return std::bit_cast<float>(largest);
  }
  /// The nearest integer, ties to even, in [-127, 127].
  static std::int8_t code(float value) {
    constexpr float round = 0x1.8p23F;  // added to it, a float loses its fraction
    const std::int32_t nearest = std::bit_cast<std::int32_t>(value + round) - std::bit_cast<std::int32_t>(round);
    return static_cast<std::int8_t>(nearest > 127 ? 127 : nearest < -127 ? -127 : nearest);
  }
  [[noreturn]] static void refuse(View<const float> values) {
    const auto fits = [](float value) { return std::fabs(value) <= most; };
    throw NumericError(
        concat("the value ", *std::find_if_not(values.begin(), values.end(), fits),
               " of a key or value does not fit the Int8 key/value cache: use quant::Float32 for it"));
  }
  static constexpr float most = 127 * 65504.0F;
};

}  // namespace asterism::backend
