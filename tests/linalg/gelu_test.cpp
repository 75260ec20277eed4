// GELU against the error function in double.
#include "asterism/linalg/gelu.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("gelu equals its definition") {
  std::vector<float> x;
  for (float value = -12; value <= 12; value += 1e-3F) x.push_back(value);
  for (const float value : {0.0F, -0.0F, 1e-30F, -1e-10F, 100.0F, -100.0F, 1e30F}) x.push_back(value);
  std::vector<float> y = x;
  linalg::gelu(y);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = double{x[i]} * 0.5 * (1 + std::erf(double{x[i]} / std::sqrt(2.0)));
    worst = std::max(worst, std::fabs(double{y[i]} - expected) / std::max(1.0, std::fabs(double{x[i]})));
  }
  CHECK(worst < 1e-6);
}

TEST_CASE("an element's bits depend on its value alone, and NaN stays NaN") {
  for (std::size_t size = 1; size < 20; ++size) {
    std::vector<float> row(size, 0.37F);
    linalg::gelu(row);
    float alone = 0.37F;
    linalg::gelu(View<float>(&alone, 1));
    CHECK(row == std::vector<float>(size, alone));
  }
  std::vector<float> bad(9, std::numeric_limits<float>::quiet_NaN());
  linalg::gelu(bad);
  for (const float value : bad) CHECK(std::isnan(value));
}
