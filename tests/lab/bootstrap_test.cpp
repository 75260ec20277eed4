// Intervals of differences and ratios, as the theory has them, and the same each time.
#include "asterism/lab/bootstrap.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::lab;

TEST_CASE("an interval is as wide as the normal distribution has it, and pairs count") {
  Random random(5);
  std::vector<double> a;
  std::vector<double> b;
  for (int i = 0; i < 2000; ++i) {
    const double common = random.normal();
    a.push_back(common + 0.5 + 0.3 * random.normal());
    b.push_back(common);
  }
  const Estimate estimate = bootstrap_difference(a, b);
  const double deviation = 0.3 / std::sqrt(2000.0);
  CHECK(estimate.value == doctest::Approx(0.5).epsilon(0.05));
  CHECK(estimate.low == doctest::Approx(estimate.value - 1.96 * deviation).epsilon(0.01));
  CHECK(estimate.high == doctest::Approx(estimate.value + 1.96 * deviation).epsilon(0.01));
  const Estimate again = bootstrap_difference(a, b);
  CHECK(again.low == estimate.low);
  CHECK(again.high == estimate.high);
  CHECK(bootstrap_difference(a, b, {.seed = 2}).low != estimate.low);
}

TEST_CASE("a ratio of right answers") {
  std::vector<double> a(400, 0.0);
  std::vector<double> b(400, 1.0);
  for (std::size_t i = 0; i < 300; ++i) a[i] = 1;
  const Estimate estimate = bootstrap_ratio(a, b);
  CHECK(estimate.value == doctest::Approx(0.75));
  CHECK(estimate.low == doctest::Approx(0.75 - 1.96 * std::sqrt(0.75 * 0.25 / 400)).epsilon(0.01));
  CHECK(std::isinf(bootstrap_ratio(b, std::vector<double>(400, 0.0)).value));
  const Estimate same = bootstrap_difference(a, a);
  CHECK(same.low == 0);
  CHECK(same.high == 0);
}

TEST_CASE("what are no pairs is refused") {
  CHECK_THROWS_AS(bootstrap_difference(std::vector<double>(3), std::vector<double>(4)), InvalidArgument);
  CHECK_THROWS_AS(bootstrap_difference(std::vector<double>(), std::vector<double>()), InvalidArgument);
  CHECK_THROWS_AS(bootstrap_ratio(std::vector<double>(3), std::vector<double>(3), {.samples = 39}),
                  InvalidArgument);
}
