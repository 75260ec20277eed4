// A borrowed matrix counts its elements.
#include "asterism/quant/packed.hpp"

#include <doctest/doctest.h>

TEST_CASE("a packed matrix knows its size") {
  constexpr asterism::quant::Packed<asterism::quant::Float32> matrix{nullptr, 3, 7};
  static_assert(matrix.size() == 21);
  CHECK(asterism::quant::Packed<asterism::quant::Float32>{}.size() == 0);
}
