// Division by scales of every size.
#include "asterism/quant/divide_by_scale.hpp"

#include <limits>

#include <doctest/doctest.h>

using namespace asterism::quant;

TEST_CASE("division by a scale") {
  CHECK(DivideByScale(0)(7) == 0);
  CHECK(DivideByScale(-4)(2) == -0.5F);
  CHECK(DivideByScale(3)(2) == 2 * (1.0F / 3));
  CHECK(DivideByScale(1e-40F)(1e-40F) == doctest::Approx(1));
  CHECK(DivideByScale(1e-40F)(0) == 0);
  CHECK(DivideByScale(1e-40F)(1) > 1e30F);
  CHECK(DivideByScale(std::numeric_limits<float>::denorm_min())(std::numeric_limits<float>::denorm_min()) == 1);
  CHECK(DivideByScale(std::numeric_limits<float>::max())(std::numeric_limits<float>::max()) == doctest::Approx(1));
}
