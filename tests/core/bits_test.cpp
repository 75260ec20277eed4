// Rounding and magnitudes by bits.
#include "asterism/core/bits.hpp"

#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("to the nearest integer, ties to even") {
  CHECK(nearest_even(0.5F) == 0);
  CHECK(nearest_even(1.5F) == 2);
  CHECK(nearest_even(2.5F) == 2);
  CHECK(nearest_even(-0.5F) == 0);
  CHECK(nearest_even(-1.5F) == -2);
  CHECK(nearest_even(0.50001F) == 1);
  CHECK(nearest_even(-126.6F) == -127);
  CHECK(nearest_even(0x1p22F) == 1 << 22);
  CHECK(nearest_even(-0x1p22F) == -(1 << 22));
  for (float x = -300; x < 300; x += 0.0625F) CHECK(nearest_even(x) == static_cast<int>(std::nearbyint(x)));
}

TEST_CASE("bits ascend as magnitudes do") {
  const float ascending[] = {0.0F,
                             1e-45F,
                             1e-38F,
                             0.5F,
                             -1.0F,
                             3.0F,
                             -1e38F,
                             std::numeric_limits<float>::infinity(),
                             std::numeric_limits<float>::quiet_NaN()};
  for (std::size_t i = 1; i < std::size(ascending); ++i) {
    CHECK(magnitude_bits(ascending[i - 1]) < magnitude_bits(ascending[i]));
  }
  CHECK(magnitude_bits(-0.0F) == 0);
  CHECK(magnitude_bits(-std::numeric_limits<float>::infinity()) == infinity_bits);
}
