// The parts that a profile chose, and no others.
#include "asterism/cache/static.hpp"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "cache/steps.hpp"

using namespace asterism;
using namespace asterism::cache;

TEST_CASE("the most used parts enter when they are first needed, and nothing leaves") {
  const std::vector<std::uint64_t> counts{5, 1, 7, 5, 0, 9};
  Static cache(Parts(2, 3, 10_B), 35_B, counts);
  CHECK(cache.capacity() == 35_B);
  CHECK_FALSE(cache.contains({1, 2}));
  const Admission first = admit(cache, {{1, 0}, {1, 2}, {0, 0}});
  CHECK(first.fetched == PartIds{{1, 2}, {0, 0}});  // of those with 5 the first
  CHECK(first.bypassed == PartIds{{1, 0}});
  for (int i = 0; i < 5; ++i) {
    const Admission again = admit(cache, {{0, 2}, {1, 0}, {1, 2}, {0, 1}});
    CHECK(again.bypassed == PartIds{{1, 0}, {0, 1}});
    CHECK(again.victims.empty());
    CHECK((i == 0 ? again.fetched : again.hits) == (i == 0 ? PartIds{{0, 2}} : PartIds{{0, 2}, {1, 2}}));
  }
}

TEST_CASE("one that does not fit leaves its room to the next") {
  const std::vector<Bytes> sizes{6_B, 5_B, 4_B};
  const std::vector<std::uint64_t> counts{9, 8, 7};
  Static cache(Parts(1, 3, sizes), 10_B, counts);
  CHECK(admit(cache, {{0, 0}, {0, 1}, {0, 2}}).fetched == PartIds{{0, 0}, {0, 2}});
}

TEST_CASE("a profile of other parts is refused") {
  const std::vector<std::uint64_t> counts(5);
  CHECK_THROWS_WITH_AS(Static(Parts(2, 3, 10_B), 35_B, counts), doctest::Contains("counts of 5 parts, expected 6"),
                       InvalidArgument);
}
