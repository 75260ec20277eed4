// The generator against published values, and its ranges.
#include "asterism/core/random.hpp"

#include <cmath>

#include <doctest/doctest.h>

using namespace asterism;

namespace {

constexpr std::uint64_t nth(std::uint64_t seed, int n) {
  Random random(seed);
  for (int i = 1; i < n; ++i) random();
  return random();
}

// The first outputs of SplitMix64 that its authors' reference code gives.
static_assert(nth(0, 1) == 0xE220A8397B1DCDAFU);
static_assert(nth(0, 2) == 0x6E789E6AA1B965F4U);
static_assert(nth(0, 3) == 0x06C45D188009454FU);
static_assert(nth(1234567, 1) == 6457827717110365317U);
static_assert(nth(1234567, 5) == 16408922859458223821U);
static_assert(Random::min() == 0 && Random::max() == ~std::uint64_t{0});

}  // namespace

TEST_CASE("uniform numbers fill [0, 1) evenly") {
  Random random(1);
  int tenth[10] = {};
  for (int i = 0; i < 100000; ++i) {
    const double value = random.uniform();
    REQUIRE(value >= 0);
    REQUIRE(value < 1);
    ++tenth[static_cast<int>(value * 10)];
  }
  for (const int count : tenth) CHECK(std::abs(count - 10000) < 500);
}

TEST_CASE("below stays below and reaches every value") {
  Random random(2);
  int seen[7] = {};
  for (int i = 0; i < 7000; ++i) ++seen[random.below(7)];
  for (const int count : seen) CHECK(count > 800);
  CHECK(random.below(1) == 0);
}

TEST_CASE("normal numbers have mean 0 and variance 1, and are finite") {
  Random random(3);
  double sum = 0;
  double squares = 0;
  double cubes = 0;
  constexpr int count = 100000;
  for (int i = 0; i < count; ++i) {
    const double value = random.normal();
    REQUIRE(std::isfinite(value));
    sum += value;
    squares += value * value;
    cubes += value * value * value;
  }
  CHECK(std::fabs(sum / count) < 0.02);
  CHECK(std::fabs(squares / count - 1) < 0.03);
  CHECK(std::fabs(cubes / count) < 0.06);
}
