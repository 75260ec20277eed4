// Conversions between float32 and the 16-bit formats, over all 65536 bit patterns.
#include "asterism/quant/half_precision.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism::quant;

namespace {

// What the bits of binary16 mean, from the standard's formula.
double meaning(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

}  // namespace

TEST_CASE("every binary16 converts exactly and back") {
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float value = float_from_float16(bits);
    if ((bits & 0x7C00U) == 0x7C00U) {
      const bool infinite = (bits & 0x3FFU) == 0;
      REQUIRE(std::isinf(value) == infinite);
      REQUIRE(std::isnan(value) == !infinite);
      REQUIRE(std::signbit(value) == ((bits & 0x8000U) != 0));
      REQUIRE(float16_from_float(value) == (infinite ? bits : bits | 0x200U));
    } else {
      REQUIRE(double{value} == meaning(bits));
      REQUIRE(std::signbit(value) == ((bits & 0x8000U) != 0));
      REQUIRE(float16_from_float(value) == bits);
    }
  }
}

TEST_CASE("float32 rounds to the nearest binary16, ties to even") {
  for (std::uint32_t i = 0; i < 0x7BFFU; ++i) {
    const auto lower = static_cast<std::uint16_t>(i);
    const auto upper = static_cast<std::uint16_t>(i + 1);
    const auto middle = static_cast<float>((meaning(lower) + meaning(upper)) / 2);
    const std::uint16_t even = lower % 2 == 0 ? lower : upper;
    REQUIRE(float16_from_float(middle) == even);
    REQUIRE(float16_from_float(std::nextafter(middle, 1e9F)) == upper);
    REQUIRE(float16_from_float(std::nextafter(middle, 0.0F)) == lower);
    REQUIRE(float16_from_float(-middle) == (even | 0x8000U));
  }
  CHECK(float16_from_float(65519.996F) == 0x7BFF);
  CHECK(float16_from_float(65520.0F) == 0x7C00);
  CHECK(float16_from_float(-1e38F) == 0xFC00);
  CHECK(float16_from_float(1e-30F) == 0);
  CHECK(float16_from_float(-1e-30F) == 0x8000);
}

TEST_CASE("every bfloat16 converts exactly and back") {
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float value = float_from_bfloat16(bits);
    REQUIRE(std::bit_cast<std::uint32_t>(value) == i << 16U);
    const bool nan = (bits & 0x7FFFU) > 0x7F80U;
    REQUIRE(bfloat16_from_float(value) == (nan ? bits | 0x40U : bits));
  }
}

TEST_CASE("float32 rounds to the nearest bfloat16, ties to even") {
  asterism::Random random(1);
  for (int i = 0; i < 100000; ++i) {
    const auto lower = static_cast<std::uint16_t>(random.below(0x7F7F));
    const auto middle = std::bit_cast<float>((static_cast<std::uint32_t>(lower) << 16U) + 0x8000U);
    const auto upper = static_cast<std::uint16_t>(lower + 1);
    REQUIRE(bfloat16_from_float(middle) == (lower % 2 == 0 ? lower : upper));
    REQUIRE(bfloat16_from_float(std::nextafter(middle, std::numeric_limits<float>::infinity())) == upper);
    REQUIRE(bfloat16_from_float(-std::nextafter(middle, 0.0F)) == (lower | 0x8000U));
  }
  CHECK(bfloat16_from_float(std::numeric_limits<float>::max()) == 0x7F80);
  CHECK(bfloat16_from_float(std::bit_cast<float>(0x7F800001U)) == 0x7FC0);
}
