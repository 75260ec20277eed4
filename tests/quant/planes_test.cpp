// Offsets and sizes of planes.
#include "asterism/quant/planes.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/quant/nf4.hpp"

using namespace asterism;
using namespace asterism::quant;

TEST_CASE("planes follow each other at multiples of 64") {
  Planes planes;
  CHECK(planes.bytes() == 0_B);
  planes.add("a", 1);
  planes.add("b", 64);
  planes.add("c", 0);
  planes.add("d", 65);
  CHECK(planes.count == 4);
  CHECK(planes[0].offset == 0);
  CHECK(planes[1].offset == 64);
  CHECK(planes[2].offset == 128);
  CHECK(planes[3].offset == 128);
  CHECK(planes.bytes() == 256_B);
  CHECK(planes.find("d") == &planes[3]);
  CHECK(planes.find("e") == nullptr);
  CHECK_THROWS(planes.add("e", 1));
}

TEST_CASE("padding is zeroed, planes are not") {
  Planes planes;
  planes.add("a", 3);
  planes.add("b", 64);
  planes.add("c", 1);
  std::vector<std::byte> bytes(planes.bytes().count + 1, std::byte{0xFF});
  clear_padding(planes, bytes.data());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool padding = (i >= 3 && i < 64) || (i > 128 && i < 192);
    CHECK((bytes[i] == std::byte{0}) == padding);
  }
}

TEST_CASE("an expert of Mixtral takes 90.9 MB in double-quantized Nf4") {
  constexpr std::uint64_t matrix = Nf4<64, DoubleQuantized>::planes(14336, 4096).bytes().count;
  static_assert(matrix == 29360128 + 917504 + 14336 + 64);
  CHECK(3 * matrix / 100000 == 908);
}

TEST_CASE("element_count refuses what no memory holds") {
  static_assert(element_count(3, 5) == 15);
  static_assert(element_count(0, ~std::uint64_t{0}) == 0);
  CHECK(element_count(std::uint64_t{1} << 30U, std::uint64_t{1} << 29U) == std::uint64_t{1} << 59U);
  CHECK_THROWS_AS(element_count(std::uint64_t{1} << 32U, std::uint64_t{1} << 32U), InvalidArgument);
  CHECK_THROWS_WITH_AS(element_count(std::uint64_t{1} << 60U, 1),
                       "a matrix of 1152921504606846976 x 1 elements is larger than any memory", InvalidArgument);
}
