// Float16: rounding, order of bytes, and the end of its range.
#include "asterism/quant/float16.hpp"

#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "support/packed_matrix.hpp"

using namespace asterism;
using Matrix = test::PackedMatrix<quant::Float16>;

TEST_CASE("float16 rounds to nearest and stores little-endian") {
  const Matrix matrix(2, 2, {1.0F, -2.0F, 1.00048828125F, 1e-7F});  // the third is a tie
  CHECK(matrix.decoded() == std::vector<float>{1.0F, -2.0F, 1.0F, 0x1p-23F});
  const unsigned char bytes[4] = {0x00, 0x3C, 0x00, 0xC0};
  CHECK(std::memcmp(matrix.view().data, bytes, 4) == 0);
  static_assert(quant::Float16::planes(3, 5)[0].bytes == 30);
}

TEST_CASE("float16 refuses what would become infinite") {
  CHECK(Matrix(1, 1, {65519.0F}).decoded()[0] == 65504.0F);
  CHECK_THROWS_WITH_AS(Matrix(1, 2, {0.0F, 65520.0F}),
                       "element 1 is 65520: beyond the range of float16 (65504); store it as bfloat16 or float32",
                       NumericError);
}
