// Structs that lack a member of a policy are no models of it, and shipped policies keep what the contracts say.
#include "asterism/librarian/concept.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/librarian/policies.hpp"

#include "lacking/librarian.hpp"
#include "laws/librarian_laws.hpp"

using namespace asterism;
using namespace asterism::librarian;
using namespace asterism::lacking::librarians;

static_assert(SimilarityPolicy<Complete> && MergePolicy<Complete> && ConflictPolicy<Complete> &&
              EvictionPolicy<Complete>);
static_assert(!SimilarityPolicy<NoOf> && !needs::of<NoOf> && needs::thresholds<NoOf>);
static_assert(!SimilarityPolicy<NoThresholds> && !needs::thresholds<NoThresholds> && needs::of<NoThresholds>);
static_assert(!MergePolicy<NoAllows> && !needs::allows<NoAllows> && needs::combine<NoAllows>);
static_assert(!MergePolicy<NoCombine> && !needs::combine<NoCombine> && needs::allows<NoCombine>);
static_assert(!ConflictPolicy<NoDecide> && !needs::decide<NoDecide>);
static_assert(!EvictionPolicy<NoWorth> && !needs::worth<NoWorth>);

TEST_CASE("the shipped policies obey the laws") {
  laws::similarity_policy<Cosine>();
  laws::merge_policy<WeightedCentre>();
  laws::conflict_policy<LaterEnds>();
  laws::conflict_policy<FirstStays>();
  laws::eviction_policy<FadingWorth>();
}

TEST_CASE("what was of use lately, and often, is worth more") {
  const knowledge::Time now{static_cast<std::int64_t>(FadingWorth::half_life * 10)};
  const auto worth = [&](double confidence, std::uint64_t uses, double age) {
    return FadingWorth::worth(
        {.confidence = confidence},
        {.count = uses, .last = {now.microseconds - static_cast<std::int64_t>(age * FadingWorth::half_life)}},
        now);
  };
  CHECK(worth(1, 0, 0) == 1);
  CHECK(worth(1, 0, 1) == doctest::Approx(0.5));
  CHECK(worth(0.5, 3, 0) == doctest::Approx(1.5));
  CHECK(worth(0.5, 7, 2) == doctest::Approx(0.5));
  CHECK(FadingWorth::worth({.confidence = 0.5}, {}, now) == 0.5);
}
