// Rows of random keys or values in the formats that kernels read, and what they hold, by the definition of each format.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/simd/stored_row.hpp"

#include "support/naive.hpp"

namespace asterism::test {

template <class Row>
struct RowDefinition;
template <>
struct RowDefinition<simd::Float32Row> {
  static void fill(Random& random, std::byte* row, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      const auto value = static_cast<float>(random.normal());
      std::memcpy(row + 4 * i, &value, sizeof value);
    }
  }
  static double value(const std::byte* row, std::size_t /*n*/, std::size_t i) {
    float out = 0;
    std::memcpy(&out, row + 4 * i, sizeof out);
    return out;
  }
};

/// Finite ones below 16, subnormal ones among them.
inline void random_half(Random& random, std::byte* to, bool negative) {
  const std::uint64_t bits = random();
  const auto magnitude = static_cast<std::uint16_t>(bits % 8 == 0 ? bits >> 8U & 0x3FFU : (bits >> 8U) % 0x4C00U);
  const auto half = static_cast<std::uint16_t>(magnitude | (negative ? 0x8000U : 0U));
  std::memcpy(to, &half, sizeof half);
}
inline double half_at(const std::byte* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return naive::half_value(bits);
}

template <>
struct RowDefinition<simd::Float16Row> {
  static void fill(Random& random, std::byte* row, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) random_half(random, row + 2 * i, random.below(2) == 1);
  }
  static double value(const std::byte* row, std::size_t /*n*/, std::size_t i) { return half_at(row + 2 * i); }
};
template <int Group>
struct RowDefinition<simd::Int8Row<Group>> {
  static void fill(Random& random, std::byte* row, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) row[i] = static_cast<std::byte>(random.below(256));
    for (std::size_t g = 0; g * Group < n; ++g) random_half(random, row + n + 2 * g, false);
  }
  static double value(const std::byte* row, std::size_t n, std::size_t i) {
    const int code = std::to_integer<int>(row[i]);
    return (code < 128 ? code : code - 256) * half_at(row + n + i / Group * 2);
  }
};

/// `count` rows of `width` values: at addresses that are a multiple of 4 and no more, and the last byte of them is the
/// last of its allocation.
template <class Row>
class RandomRows {
 public:
  RandomRows(std::size_t count, std::size_t width, std::uint64_t seed)
      : count_(count), width_(width), bytes_(4 + count * Row::bytes(width)) {
    Random random(seed);
    for (std::size_t j = 0; j < count; ++j) {
      RowDefinition<Row>::fill(random, bytes_.data() + 4 + j * Row::bytes(width), width);
    }
  }

  simd::StoredRows<Row> view() const { return {bytes_.data() + 4, count_, width_}; }
  double value(std::size_t row, std::size_t i) const {
    return RowDefinition<Row>::value(bytes_.data() + 4 + row * Row::bytes(width_), width_, i);
  }

 private:
  std::size_t count_;
  std::size_t width_;
  std::vector<std::byte> bytes_;
};

}  // namespace asterism::test
