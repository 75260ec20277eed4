// The small kernels against naive loops in double precision, on all levels and at all lengths.
#include "asterism/simd/vector.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/quant/half_precision.hpp"

using namespace asterism;

namespace {

std::vector<simd::Level> levels() {
  std::vector<simd::Level> result = {simd::Level::portable};
  if (simd::supported(simd::Level::avx2)) result.push_back(simd::Level::avx2);
  return result;
}

std::vector<float> random_values(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

std::vector<std::uint16_t> halves(const std::vector<float>& values) {
  std::vector<std::uint16_t> bits(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) bits[i] = quant::float16_from_float(values[i]);
  return bits;
}

/// All 256 of them, again and again.
std::vector<std::int8_t> bytes(std::size_t count) {
  std::vector<std::int8_t> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<std::int8_t>(i * 37 % 256);
  return values;
}

constexpr std::size_t longest = 300;

}  // namespace

TEST_CASE("dot") {
  const std::vector<float> a = random_values(longest, 1);
  const std::vector<float> b = random_values(longest, 2);
  const std::vector<std::uint16_t> h = halves(b);
  const std::vector<std::int8_t> c = bytes(longest);
  for (const simd::Level level : levels()) {
    for (std::size_t n = 0; n <= longest; ++n) {
      double exact = 0;
      double exact_half = 0;
      double exact_byte = 0;
      double magnitude = 0;
      double magnitude_byte = 0;
      for (std::size_t i = 0; i < n; ++i) {
        exact += double{a[i]} * double{b[i]};
        exact_half += double{a[i]} * double{quant::float_from_float16(h[i])};
        exact_byte += double{a[i]} * static_cast<double>(c[i]);
        magnitude += std::fabs(double{a[i]} * double{b[i]});
        magnitude_byte += std::fabs(double{a[i]} * static_cast<double>(c[i]));
      }
      CHECK(std::fabs(simd::dot(a.data(), b.data(), n, level) - exact) <= 40 * 0x1p-23 * magnitude);
      CHECK(std::fabs(simd::dot(a.data(), h.data(), n, level) - exact_half) <= 40 * 0x1p-23 * magnitude);
      CHECK(std::fabs(simd::dot(a.data(), c.data(), n, level) - exact_byte) <= 40 * 0x1p-23 * magnitude_byte);
    }
  }
}

TEST_CASE("add_scaled") {
  const std::vector<float> x = random_values(longest, 3);
  const std::vector<float> y = random_values(longest + 1, 4);
  const std::vector<std::uint16_t> h = halves(x);
  const std::vector<std::int8_t> c = bytes(longest);
  for (const simd::Level level : levels()) {
    for (std::size_t n = 0; n <= longest; ++n) {
      std::vector<float> plain = y;
      std::vector<float> half = y;
      std::vector<float> byte = y;
      simd::add_scaled(plain.data(), -1.7F, x.data(), n, level);
      simd::add_scaled(half.data(), -1.7F, h.data(), n, level);
      simd::add_scaled(byte.data(), -1.7F, c.data(), n, level);
      int wrong = 0;
      for (std::size_t i = 0; i <= longest; ++i) {
        const double bound = i < n ? 4e-7 * (std::fabs(double{y[i]}) + std::fabs(double{x[i]})) : 0;
        const double scale = i < n ? double{-1.7F} : 0;
        const double by = i < longest ? double{x[i]} : 0;
        const double by_half = i < longest ? double{quant::float_from_float16(h[i])} : 0;
        wrong += std::fabs(plain[i] - (y[i] + scale * by)) > bound ? 1 : 0;
        wrong += std::fabs(half[i] - (y[i] + scale * by_half)) > bound ? 1 : 0;
        const double by_byte = i < longest ? static_cast<double>(c[i]) : 0;
        const double bound_byte = i < n ? 4e-7 * (std::fabs(double{y[i]}) + std::fabs(by_byte)) : 0;
        wrong += std::fabs(byte[i] - (y[i] + scale * by_byte)) > bound_byte ? 1 : 0;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("conversion to and from binary16 has the same bits on every level") {
  std::vector<std::uint16_t> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  std::vector<float> many;
  Random random(5);
  for (int i = 0; i < 200000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    if ((bits & 0x7FFFFFFFU) <= 0x7F800000U) many.push_back(std::bit_cast<float>(bits));
    many.push_back(std::ldexp(static_cast<float>(random.normal()), static_cast<int>(random.below(40)) - 30));
  }
  for (const simd::Level level : levels()) {
    std::vector<float> floats(all.size());
    simd::to_float32(all.data(), floats.data(), all.size(), level);
    int wrong = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if ((all[i] & 0x7FFFU) > 0x7C00U) {
        wrong += floats[i] == floats[i] ? 1 : 0;
      } else {
        const float expected = quant::float_from_float16(all[i]);
        wrong += std::memcmp(&floats[i], &expected, 4) != 0 ? 1 : 0;
      }
    }
    std::vector<std::uint16_t> bits(many.size());
    simd::to_float16(many.data(), bits.data(), many.size(), level);
    for (std::size_t i = 0; i < many.size(); ++i) wrong += bits[i] != quant::float16_from_float(many[i]) ? 1 : 0;
    CHECK(wrong == 0);
    for (std::size_t n = 0; n < 40; ++n) {
      std::vector<std::uint16_t> part(41, 0xBEEF);
      std::vector<float> part_floats(41, -9.0F);
      simd::to_float16(many.data(), part.data(), n, level);
      simd::to_float32(all.data(), part_floats.data(), n, level);
      CHECK(std::memcmp(part.data(), bits.data(), n * 2) == 0);
      CHECK(part[n] == 0xBEEF);
      CHECK(part_floats[n] == -9.0F);
    }
  }
}
