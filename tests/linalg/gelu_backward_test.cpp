#include "asterism/linalg/gelu_backward.hpp"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("the slope of GELU, in rows of any length and far from zero") {
  for (const std::size_t size : {1U, 7U, 8U, 9U, 400U}) {
    std::vector<float> x(size), d(size, -2.0F);
    for (std::size_t i = 0; i < size; ++i) x[i] = 0.05F * (static_cast<float>(i) - 200) + (size < 10 ? 9.5F : 0);
    linalg::gelu_backward(x, d);
    for (std::size_t i = 0; i < size; ++i) {
      const auto at = static_cast<double>(x[i]);
      const double slope =
          0.5 * std::erfc(-at / std::sqrt(2.0)) + at * std::exp(-at * at / 2) / std::sqrt(2 * std::numbers::pi);
      CHECK(std::abs(static_cast<double>(d[i]) + 2 * slope) < 4e-6);
    }
  }
}

TEST_CASE("an element's bits do not depend on its place, and NaN stays") {
  const std::vector<float> x{0.3F, NAN, 0.3F, -1.0F, 0.3F, 2.0F, 0.3F, 0.3F, 0.3F, 0.3F};
  std::vector<float> d(x.size(), 1.0F);
  linalg::gelu_backward(x, d);
  CHECK(std::isnan(d[1]));
  for (const std::size_t i : {2U, 4U, 6U, 7U, 8U, 9U}) CHECK(d[i] == d[0]);
}
