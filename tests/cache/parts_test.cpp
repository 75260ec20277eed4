// Numbers and sizes of parts, and what is refused.
#include "asterism/cache/parts.hpp"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using namespace asterism::cache;

TEST_CASE("parts are numbered group by group") {
  const Parts parts(3, 4, 5_B);
  CHECK(parts.size() == 12);
  CHECK(parts.total() == 60_B);
  std::size_t number = 0;
  for (std::int32_t group = 0; group < 3; ++group) {
    for (std::int32_t member = 0; member < 4; ++member) {
      CHECK(parts.has({group, member}));
      CHECK(parts.number({group, member}) == number);
      CHECK(parts.part(number) == PartId{group, member});
      CHECK(parts.bytes(number++) == 5_B);
    }
  }
  for (const PartId none : {PartId{-1, 0}, PartId{0, -1}, PartId{3, 0}, PartId{0, 4}}) {
    CHECK_FALSE(parts.has(none));
    CHECK_THROWS_WITH_AS(parts.number(none), doctest::Contains("expected groups 0 to 2 and members 0 to 3"),
                         InvalidArgument);
  }
  CHECK(to_string(PartId{2, 1}) == "group 2 member 1");
}

TEST_CASE("parts of unlike sizes") {
  const std::vector<Bytes> sizes{1_B, 2_B, 3_B, 4_B, 5_B, 6_B};
  const Parts parts(2, 3, sizes);
  CHECK(parts.total() == 21_B);
  for (std::size_t i = 0; i < sizes.size(); ++i) CHECK(parts.bytes(i) == sizes[i]);
}

TEST_CASE("impossible parts are refused") {
  CHECK_THROWS_WITH_AS(Parts(0, 4, 1_B), doctest::Contains("0 groups of 4 parts"), InvalidArgument);
  CHECK_THROWS_AS(Parts(1, 0, 1_B), InvalidArgument);
  CHECK_THROWS_AS(Parts(1, 1, 0_B), InvalidArgument);
  const std::vector<Bytes> sizes{1_B, 2_B, 0_B};
  CHECK_THROWS_WITH_AS(Parts(2, 2, sizes), doctest::Contains("is given 3 sizes"), InvalidArgument);
  CHECK_THROWS_AS(Parts(-1, -3, sizes), InvalidArgument);
  CHECK_THROWS_WITH_AS(Parts(1, 3, sizes), doctest::Contains("group 0 member 2 has 0 bytes"), InvalidArgument);
  CHECK_THROWS_AS(Parts(1 << 30, 1 << 30, Bytes{~std::uint64_t{0}}), InvalidArgument);
}

TEST_CASE("what is observed is checked") {
  const Parts parts(2, 3, 1_B);
  const std::vector<std::int32_t> used{0, 2};
  const std::vector<std::int32_t> unknown{0, 3};
  const std::vector<float> probabilities(3);
  parts.check(1, used, probabilities);
  parts.check(1, used, {});
  CHECK_THROWS_WITH_AS(parts.check(2, used, {}), doctest::Contains("expected one of 0 to 1"), InvalidArgument);
  CHECK_THROWS_AS(parts.check(-1, used, {}), InvalidArgument);
  CHECK_THROWS_WITH_AS(parts.check(0, unknown, {}), doctest::Contains("group 0 member 3"), InvalidArgument);
  CHECK_THROWS_WITH_AS(parts.check(0, used, View<const float>(probabilities).subview(0, 2)),
                       doctest::Contains("expected 3 or none"), InvalidArgument);
}
