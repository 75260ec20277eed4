// The largest magnitude of a block, and the scale that follows from it.
#include "asterism/quant/abs_max.hpp"

#include <limits>

#include <doctest/doctest.h>

#include "asterism/quant/integer_codes.hpp"
#include "asterism/quant/nf4_block.hpp"

using namespace asterism::quant;

TEST_CASE("the largest magnitude is found wherever it stands") {
  for (int at = 0; at < 64; ++at) {
    float values[64];
    for (int i = 0; i < 64; ++i) values[i] = static_cast<float>(i) / 100;
    values[at] = -1.5F;
    CHECK(AbsMax::largest_magnitude<64>(values) == 1.5F);
  }
  const float zeros[32] = {-0.0F};
  CHECK(AbsMax::largest_magnitude<32>(zeros) == 0);
  float extremes[32] = {std::numeric_limits<float>::denorm_min()};
  CHECK(AbsMax::largest_magnitude<32>(extremes) == std::numeric_limits<float>::denorm_min());
  extremes[31] = std::numeric_limits<float>::lowest();
  CHECK(AbsMax::largest_magnitude<32>(extremes) == std::numeric_limits<float>::max());
}

TEST_CASE("the largest magnitude gets the code of the largest value") {
  const float values[32] = {1.0F, -3.5F, 2.0F};
  CHECK(AbsMax::scale<Nf4Codes, 32>(values) == 3.5F);
  CHECK(AbsMax::scale<IntegerCodes<4>, 32>(values) == 0.5F);
  CHECK(AbsMax::scale<IntegerCodes<8>, 32>(values) == 3.5F / 127);
}
