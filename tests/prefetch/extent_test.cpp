// What can be predicted for, and where a sequence is kept.
#include "asterism/prefetch/extent.hpp"

#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using namespace asterism::prefetch;

TEST_CASE("extents of nothing are refused") {
  const Extent sound{.groups = 1, .members = 1, .sequences = 1};
  CHECK(checked(sound) == sound);
  CHECK_THROWS_WITH_AS(checked({.groups = 0, .members = 8, .sequences = 2}),
                       "a prefetcher of 0 groups of 8 members for 2 sequences, expected at least 1 of each",
                       InvalidArgument);
}

TEST_CASE("any number is the number of a sequence") {
  const Extent three{.groups = 1, .members = 1, .sequences = 3};
  CHECK(slot_of(0, three) == 0);
  CHECK(slot_of(2, three) == 2);
  CHECK(slot_of(3, three) == 0);
  for (const std::int32_t any :
       {-1, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()}) {
    CHECK(slot_of(any, three) < 3);
  }
}
