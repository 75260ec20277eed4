// Codes of single values and of blocks.
#include "asterism/quant/nf4_block.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism::quant;

TEST_CASE("a value belongs to the next entry only when it is strictly above the threshold") {
  for (std::size_t i = 0; i < 15; ++i) {
    CHECK(nf4_code(nf4_thresholds[i]) == i);
    CHECK(nf4_code(std::nextafter(nf4_thresholds[i], 2.0F)) == i + 1);
    CHECK(nf4_code(nf4_table[i]) == i);
  }
  CHECK(nf4_code(-5) == 0);
  CHECK(nf4_code(5) == 15);
  CHECK(nf4_code(0) == 7);
  CHECK(nf4_code(-0.0F) == 7);
}

TEST_CASE("a block's codes are those of its values, the first in the high nibble") {
  asterism::Random random(1);
  float values[128];
  for (float& value : values) value = static_cast<float>(random.normal());
  for (const float scale : {2.5F, -2.5F, 0.1F, 0.0F, 1e-41F, -1e-41F, 3e38F}) {
    std::uint8_t bytes[64];
    encode_nf4_block<128>(values, scale, bytes);
    const DivideByScale divide(scale);
    int wrong = 0;
    for (int i = 0; i < 128; ++i) {
      const int code = i % 2 == 0 ? bytes[i / 2] >> 4 : bytes[i / 2] & 15;
      wrong += code != nf4_code(divide(values[i])) ? 1 : 0;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("rounding to a choice's scale gives the table's values that the codes stand for") {
  asterism::Random random(2);
  float values[64];
  for (float& value : values) value = static_cast<float>(random.normal());
  for (const float scale : {0.8F, 1.0F, 3.0F}) {
    float rounded[64];
    Nf4Codes::round<64>(values, scale, rounded);
    for (int i = 0; i < 64; ++i) {
      CHECK(rounded[i] == doctest::Approx(nf4_table[nf4_code(values[i] / scale)]).epsilon(1e-6));
    }
  }
}
