// How the key or the value of one head at one position is stored, by format.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

/// One row of `n` values (n even: the width of a head) in Format:
/// - `bytes(n)`: what it takes; the size model of every cache.
/// - `store(from, to)`: rounds the values to the format. Throws NumericError where one is beyond its range.
/// - `dot(query, row, n, level)`: the sum of query[i] * row[i].
/// - `add_scaled(y, a, row, n, level)`: y[i] += a * row[i].
///
/// Models: Float32, Float16, Int8<Group, AbsMax>.
template <class Format>
struct KvRow;

template <>
struct KvRow<quant::Float32> {
  static constexpr std::size_t bytes(std::size_t n) { return n * sizeof(float); }

  static void store(View<const float> from, std::byte* to) {
    std::memcpy(to, from.data, from.size * sizeof(float));
  }
  static float dot(const float* query, const std::byte* row, std::size_t n, simd::Level level) {
    return simd::dot(query, reinterpret_cast<const float*>(row), n, level);
  }
  static void add_scaled(float* y, float a, const std::byte* row, std::size_t n, simd::Level level) {
    simd::add_scaled(y, a, reinterpret_cast<const float*>(row), n, level);
  }
};

template <>
struct KvRow<quant::Float16> {
  static constexpr std::size_t bytes(std::size_t n) { return n * sizeof(std::uint16_t); }

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
  static float dot(const float* query, const std::byte* row, std::size_t n, simd::Level level) {
    return simd::dot(query, reinterpret_cast<const std::uint16_t*>(row), n, level);
  }
  static void add_scaled(float* y, float a, const std::byte* row, std::size_t n, simd::Level level) {
    simd::add_scaled(y, a, reinterpret_cast<const std::uint16_t*>(row), n, level);
  }
};

/// Codes in [-127, 127], then a scale in binary16 for each group of `Group` values (the last one may be short):
/// value = code * scale. The scale is the group's largest magnitude over 127, rounded to binary16: to nearest, or
/// away from zero where 127 of it would fall short by more than half of it, as among the smallest. So the error of
/// a value is at most half its group's scale.
template <int Group>
struct KvRow<quant::Int8<Group, quant::AbsMax>> {
  static_assert(Group >= 2 && Group % 2 == 0, "a group of keys or values is an even number of them");

  static constexpr std::size_t bytes(std::size_t n) { return n + groups(n) * sizeof(std::uint16_t); }

  static void store(View<const float> from, std::byte* to) {
    auto* codes = reinterpret_cast<std::int8_t*>(to);
    for (std::size_t g = 0; g < groups(from.size); ++g) {
      const View<const float> values = from.part(g * Group, size_of(g, from.size));
      float largest = 0;
      for (const float value : values) {
        if (!(std::fabs(value) <= 127 * 65504.0F)) refuse(value);
        largest = std::fabs(value) > largest ? std::fabs(value) : largest;
      }
      std::uint16_t bits = quant::float16_from_float(largest / 127);
      if (quant::float_from_float16(bits) * 127.5F < largest) ++bits;
      const float scale = quant::float_from_float16(bits);
      std::memcpy(to + from.size + g * sizeof bits, &bits, sizeof bits);
      for (std::size_t i = 0; i < values.size; ++i) {
        const float code = scale == 0 ? 0 : std::nearbyint(values[i] / scale);
        codes[g * Group + i] = static_cast<std::int8_t>(code > 127 ? 127 : code < -127 ? -127 : code);
      }
    }
  }
  static float dot(const float* query, const std::byte* row, std::size_t n, simd::Level level) {
    const auto* codes = reinterpret_cast<const std::int8_t*>(row);
    float sum = 0;
    for (std::size_t g = 0; g < groups(n); ++g) {
      sum += scale(row, n, g) * simd::dot(query + g * Group, codes + g * Group, size_of(g, n), level);
    }
    return sum;
  }
  static void add_scaled(float* y, float a, const std::byte* row, std::size_t n, simd::Level level) {
    const auto* codes = reinterpret_cast<const std::int8_t*>(row);
    for (std::size_t g = 0; g < groups(n); ++g) {
      simd::add_scaled(y + g * Group, a * scale(row, n, g), codes + g * Group, size_of(g, n), level);
    }
  }

 private:
  static constexpr std::size_t groups(std::size_t n) { return (n + Group - 1) / Group; }
  static constexpr std::size_t size_of(std::size_t group, std::size_t n) {
    return n - group * Group < Group ? n - group * Group : Group;
  }
  static float scale(const std::byte* row, std::size_t n, std::size_t group) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, row + n + group * sizeof bits, sizeof bits);
    return quant::float_from_float16(bits);
  }
  [[noreturn]] static void refuse(float value) {
    throw NumericError(concat("the value ", value, " of a key or value does not fit the Int8 key/value cache: ",
                              "use quant::Float32 for it"));
  }
};

}  // namespace asterism::backend
