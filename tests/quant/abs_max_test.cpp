// The largest magnitude of a block.
#include "asterism/quant/abs_max.hpp"

#include <limits>

#include <doctest/doctest.h>

using asterism::quant::AbsMax;

TEST_CASE("the scale is the largest magnitude, wherever it stands") {
  for (int at = 0; at < 64; ++at) {
    float values[64];
    for (int i = 0; i < 64; ++i) values[i] = static_cast<float>(i) / 100;
    values[at] = -1.5F;
    CHECK(AbsMax::scale<64>(values) == 1.5F);
  }
  const float zeros[32] = {-0.0F};
  CHECK(AbsMax::scale<32>(zeros) == 0);
  float extremes[32] = {std::numeric_limits<float>::denorm_min()};
  CHECK(AbsMax::scale<32>(extremes) == std::numeric_limits<float>::denorm_min());
  extremes[31] = std::numeric_limits<float>::lowest();
  CHECK(AbsMax::scale<32>(extremes) == std::numeric_limits<float>::max());
}
