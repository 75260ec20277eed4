// Eight floats by value, on which row operations are built.
#pragma once

#include <cstddef>
#include <cstring>

namespace asterism::linalg::detail {

/// Eight floats, as two vectors of a width that every SIMD processor has. Rows are processed in pieces of eight,
/// the last one padded, so that the result of an element depends neither on its place nor on the row's address.
struct Lanes {
  using Four [[gnu::vector_size(16)]] = float;
  Four low = {};
  Four high = {};

  float operator[](std::size_t i) const { return i < 4 ? low[i] : high[i - 4]; }
};

inline constexpr std::size_t lanes = 8;

inline Lanes operator+(const Lanes& a, const Lanes& b) { return {a.low + b.low, a.high + b.high}; }
inline Lanes operator*(const Lanes& a, const Lanes& b) { return {a.low * b.low, a.high * b.high}; }
inline Lanes operator-(const Lanes& a, float b) { return {a.low - b, a.high - b}; }

inline Lanes load(const float* eight) {
  Lanes out;
  std::memcpy(&out.low, eight, sizeof out.low);
  std::memcpy(&out.high, eight + 4, sizeof out.high);
  return out;
}

/// Elements [first, first + 8) of a row of `size` elements, `padding` beyond its end.
inline Lanes load(const float* row, std::size_t first, std::size_t size, float padding) {
  float eight[lanes];
  for (std::size_t i = 0; i < lanes; ++i) eight[i] = first + i < size ? row[first + i] : padding;
  return load(eight);
}

inline void store(const Lanes& values, float* eight) {
  std::memcpy(eight, &values.low, sizeof values.low);
  std::memcpy(eight + 4, &values.high, sizeof values.high);
}

/// The sum, in one fixed order.
inline float sum(const Lanes& v) { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); }

}  // namespace asterism::linalg::detail
