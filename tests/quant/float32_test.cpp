// Float32 stores weights as they are.
#include "asterism/quant/float32.hpp"

#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "support/packed_matrix.hpp"

using namespace asterism;

TEST_CASE("float32 is lossless, extremes and the sign of zero included") {
  using Limits = std::numeric_limits<float>;
  const std::vector<float> values = {0.0F, -0.0F, Limits::max(), Limits::lowest(), Limits::denorm_min(), 1.0F / 3};
  const test::PackedMatrix<quant::Float32> matrix(2, 3, values);
  CHECK(std::memcmp(matrix.view().data, values.data(), 24) == 0);
  const std::vector<float> decoded = matrix.decoded();
  CHECK(std::memcmp(decoded.data(), values.data(), 24) == 0);
  static_assert(quant::Float32::planes(2, 3)[0].bytes == 24);
}
