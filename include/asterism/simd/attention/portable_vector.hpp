// Attention's vector kernels in plain C++, for every machine.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "asterism/core/bits.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/simd/product/portable.hpp"
#include "asterism/simd/stored_row.hpp"

namespace asterism::simd {

/// The kernels of Level::portable; see `vector.hpp`. The functions are never inlined, so that all callers get the
/// same rounding.
struct PortableVector {
  template <class Row>
  static void dots(View<const float* const> queries, StoredRows<Row> rows, MatrixView<float> out) {
    for (std::size_t j = 0; j < rows.count; ++j) {
      for (std::size_t q = 0; q < queries.size; ++q) out(q, j) = 0;
      for (std::size_t i = 0; i < rows.width; i += part) {
        float values[part];
        const std::size_t count = size_of(i, rows.width);
        Row::values(rows[j], rows.width, i, count, values);
        for (std::size_t q = 0; q < queries.size; ++q) out(q, j) += Portable::dot(queries[q] + i, values, count);
      }
    }
  }

  template <class Row>
  static void add_weighted(MatrixView<const float> weights, StoredRows<Row> rows, View<float* const> sums) {
    for (std::size_t j = 0; j < rows.count; ++j) {
      for (std::size_t i = 0; i < rows.width; i += part) {
        float values[part];
        const std::size_t count = size_of(i, rows.width);
        Row::values(rows[j], rows.width, i, count, values);
        for (std::size_t q = 0; q < sums.size; ++q) add_scaled(sums[q] + i, weights(q, j), values, count);
      }
    }
  }

  template <class Row>
  static void widen(StoredRows<Row> rows, float* out) {
    for (std::size_t j = 0; j < rows.count; ++j)
      Row::values(rows[j], rows.width, 0, rows.width, out + j * rows.width);
  }

  static float maximum(View<const float> x) {
    float most = x[0];
    for (const float value : x) most = value > most ? value : most;
    return most;
  }

  /// exp(t) = 2^k exp(r) with |r| <= ln(2) / 2 and the polynomial of Cephes' expf.
  __attribute__((noinline)) static float exponentials(View<float> x, float scale, float shift) {
    float sums[4] = {};
    for (std::size_t i = 0; i < x.size; ++i) {
      float t = (x.data[i] - shift) * scale;
      t = t < lowest ? lowest : t;
      constexpr float round = rounds_to_integer;
      const float shifted = t * log2_e + round;
      const float k = shifted - round;
      const float r = (t - k * ln2_high) - k * ln2_low;
      float y = polynomial[0];
      for (std::size_t c = 1; c < 6; ++c) y = y * r + polynomial[c];
      y = y * (r * r) + r + 1.0F;
      const std::uint32_t exponent =
          std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(round) + 127;
      x.data[i] = y * std::bit_cast<float>(exponent << 23U);
      sums[i % 4] += x.data[i];
    }
    return (sums[0] + sums[2]) + (sums[1] + sums[3]);
  }

  __attribute__((noinline)) static void add_scaled(float* y, float a, const float* x, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] += a * x[i];
  }

  static void to_float16(const float* in, std::uint16_t* out, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = quant::float16_from_float(in[i]);
  }

  /// Below it an exponential is 0: the bits of 2^-127, put together from its exponent, are those of zero.
  static constexpr float lowest = -88.03F;
  static constexpr float log2_e = 1.44269504F;
  static constexpr float ln2_high = 0.693359375F;
  static constexpr float ln2_low = -2.12194440e-4F;
  static constexpr float polynomial[6] = {1.9875691500e-4F, 1.3981999507e-3F, 8.3334519073e-3F,
                                          4.1665795894e-2F, 1.6666665459e-1F, 5.0000001201e-1F};

 private:
  /// Number of values decoded at a time.
  static constexpr std::size_t part = 64;
  static std::size_t size_of(std::size_t first, std::size_t n) { return n - first < part ? n - first : part; }
};

}  // namespace asterism::simd
