// Integer codes: every byte, rounding, and the order of nibbles.
#include "asterism/quant/integer_codes.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism::quant;

TEST_CASE("the low nibble comes first, in two's complement") {
  const std::uint8_t bytes[2] = {0x8F, 0x70};
  CHECK(IntegerCodes<4>::at(bytes, 0) == -1);
  CHECK(IntegerCodes<4>::at(bytes, 1) == -8);
  CHECK(IntegerCodes<4>::at(bytes, 2) == 0);
  CHECK(IntegerCodes<4>::at(bytes, 3) == 7);
  CHECK(IntegerCodes<8>::at(bytes, 0) == -113);
  CHECK(IntegerCodes<8>::at(bytes, 1) == 112);
  CHECK(IntegerCodes<4>::bytes(5) == 3);
  CHECK(IntegerCodes<8>::bytes(5) == 5);
}

TEST_CASE_TEMPLATE("codes are the nearest integers, ties to even, and end where the bits do", Codes,
                   IntegerCodes<4>, IntegerCodes<8>) {
  for (int code = Codes::lowest; code <= Codes::highest; ++code) {
    const auto x = static_cast<float>(code);
    CHECK(Codes::nearest(x) == code);
    if (code == Codes::highest) continue;
    CHECK(Codes::nearest(x + 0.5F) == (code % 2 == 0 ? code : code + 1));
    CHECK(Codes::nearest(std::nextafter(x + 0.5F, -1e9F)) == code);
    CHECK(Codes::nearest(std::nextafter(x + 0.5F, 1e9F)) == code + 1);
  }
  CHECK(Codes::nearest(1e30F) == Codes::highest);
  CHECK(Codes::nearest(-1e30F) == Codes::lowest);
  CHECK(Codes::nearest(-0.0F) == 0);
}

TEST_CASE_TEMPLATE("a group's codes are those of its values", Codes, IntegerCodes<4>, IntegerCodes<8>) {
  asterism::Random random(1);
  float values[128];
  for (float& value : values) value = static_cast<float>(random.normal());
  for (const float scale : {0.5F, -0.5F, 0.03F, -0.03F, 0.0F, 0x1p-24F, 65504.0F}) {
    CAPTURE(scale);
    std::vector<std::uint8_t> bytes(Codes::bytes(128));
    Codes::template encode<128>(values, scale, bytes.data());
    float rounded[128];
    Codes::template round<128>(values, scale, rounded);
    int wrong = 0;
    for (int i = 0; i < 128; ++i) {
      double expected = scale == 0 ? 0 : std::nearbyint(double{values[i]} / double{scale});
      expected = std::fmin(std::fmax(expected, Codes::lowest), Codes::highest);
      wrong +=
          Codes::at(bytes.data(), static_cast<std::uint64_t>(i)) != expected || double{rounded[i]} != expected;
    }
    CHECK(wrong == 0);
  }
}
