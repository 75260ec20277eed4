// Means of what was heard, layer by layer.
#include "asterism/librarian/heard_routes.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("rows of a layer are averaged, and those that are not finite passed over") {
  librarian::HeardRoutes heard(2, 3, 2);
  const float third = std::log(3.0F);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x{1, 2, 3, 0, 3, 0, 6, 6, 0, 9, 9, 9, 9, nan, 9};
  const std::vector<float> scores{0, 0, 0, third, third, 0, nan, 0, 0, 0};
  heard.add(1, {x.data(), 5, 3}, {scores.data(), 5, 2});
  CHECK(heard.rows(0) == 0);
  CHECK(heard.rows(1) == 3);
  const std::vector<float> input = heard.mean_input(1);
  CHECK(input == std::vector<float>{7.0F / 3, 11.0F / 3, 1});
  const std::vector<float> served = heard.mean_distribution(1);
  CHECK(served[0] == doctest::Approx((0.5 + 0.25 + 0.75) / 3));
  CHECK(served[0] + served[1] == doctest::Approx(1));
}
