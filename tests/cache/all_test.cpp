// Everything is there.
#include "asterism/cache/all.hpp"

#include <cstdint>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "cache/steps.hpp"

using namespace asterism;
using namespace asterism::cache;

TEST_CASE("all parts are hits, whatever was observed") {
  const Parts parts(2, 4, 10_B);
  All all(parts);
  static_assert(All::capacity() == Bytes{~std::uint64_t{0}});
  for (std::size_t i = 0; i < parts.size(); ++i) {
    CHECK(all.contains(parts.part(i)));
    CHECK(all.value(parts.part(i)) == 1);
  }
  CHECK_FALSE(all.contains({2, 0}));
  for (const Use& use : passes_to_try(2, 4, 3, 20, 1)) {
    const Admission admission = pass_through(all, use);
    CHECK(admission.hits == use.step);
    CHECK(admission.fetched.empty());
    CHECK(admission.bypassed.empty());
    CHECK(admission.victims.empty());
  }
}

TEST_CASE("parts that exceed the memory are refused") {
  CHECK(All(Parts(2, 4, 10_B), 80_B).contains({1, 3}));
  CHECK_THROWS_WITH_AS(All(Parts(2, 4, 10_B), 79_B), doctest::Contains("needs 80 bytes, but there are 79"),
                       BudgetExceeded);
}
