// BFloat16: rounding, order of bytes, and the end of its range.
#include "asterism/quant/bfloat16.hpp"

#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "support/packed_matrix.hpp"

using namespace asterism;
using Matrix = test::PackedMatrix<quant::BFloat16>;

TEST_CASE("bfloat16 rounds to nearest and stores little-endian") {
  const Matrix matrix(1, 4, {1.0F, -2.0F, 1.00390625F, 3.1415927F});  // the third is a tie
  CHECK(matrix.decoded() == std::vector<float>{1.0F, -2.0F, 1.0F, 3.140625F});
  const unsigned char bytes[4] = {0x80, 0x3F, 0x00, 0xC0};
  CHECK(std::memcmp(matrix.view().data, bytes, 4) == 0);
  static_assert(quant::BFloat16::planes(3, 5)[0].bytes == 30);
}

TEST_CASE("bfloat16 refuses what would become infinite") {
  CHECK_NOTHROW(Matrix(1, 1, {3.3961774e38F}));
  CHECK_THROWS_WITH_AS(Matrix(1, 2, {0.0F, -3.4e38F}),
                       "element 1 is -3.4e+38: beyond the range of bfloat16 (3.3895314e38); store it as float32",
                       NumericError);
}
