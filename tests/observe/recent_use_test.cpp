// What RecentUse remembers of the experts of a sequence.
#include "asterism/observe/recent_use.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/observe/counts.hpp"
#include "asterism/observe/together.hpp"

using namespace asterism;

namespace {

/// A token of two layers of three experts, which goes to two experts of each.
template <class O>
void tell(O& observer, std::int32_t position, std::int32_t first, std::int32_t second) {
  const std::vector<float> probabilities{.5F, .3F, .2F};
  for (std::int32_t layer = 0; layer < 2; ++layer) {
    observer.scored(layer, position, probabilities);
    observer.routed(layer, position, (first + layer) % 3, .6F);
    observer.routed(layer, position, (second + layer) % 3, .4F);
  }
}

}  // namespace

TEST_CASE("the mean of few tokens, a decayed one of many") {
  observe::RecentUse use;
  use.begin(2, 3, 2);
  for (const float share : use.recent_use()) CHECK(share == 0);
  tell(use, 0, 0, 1);
  tell(use, 1, 0, 2);
  const float expected[] = {1, .5F, .5F, .5F, 1, .5F};  // in layer 1 experts are turned by one
  REQUIRE(use.recent_use().size == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(use.recent_use()[i] == doctest::Approx(expected[i]));
  for (std::int32_t position = 2; position < 200; ++position) tell(use, position, 0, 2);
  CHECK(use.recent_use()[1] < .001F);
  const float before = use.recent_use()[2];
  for (std::int32_t position = 200; position < 216; ++position) tell(use, position, 0, 1);
  CHECK(use.recent_use()[2] == doctest::Approx(before / 2).epsilon(.01));  // its half-life
  for (std::int32_t layer = 0; layer < 2; ++layer) {
    float sum = 0;
    for (std::size_t e = 0; e < 3; ++e) sum += use.recent_use()[static_cast<std::size_t>(layer) * 3 + e];
    CHECK(sum == doctest::Approx(2).epsilon(1e-4));
  }
}

TEST_CASE("an earlier position begins anew, the same one does not") {
  observe::RecentUse use;
  use.begin(2, 3, 2);
  for (std::int32_t position = 0; position < 10; ++position) tell(use, position, 0, 1);
  tell(use, 9, 0, 2);
  CHECK(use.recent_use()[1] > .8F);
  tell(use, 4, 1, 2);
  CHECK(use.recent_use()[0] == 0);
  CHECK(use.recent_use()[1] == 1);
  CHECK(use.recent_use()[2] == 1);
}

TEST_CASE("observers together hear the same, and are asked by their own names") {
  using Both = observe::Together<observe::Counts, observe::RecentUse>;
  static_assert(observe::Observer<Both> && observe::TellsRecentUse<Both>);
  static_assert(!observe::TellsRecentUse<observe::Counts>);
  Both both;
  both.begin(2, 3, 2);
  tell(both, 0, 0, 1);
  both.moved(0, 1, 3_KiB);
  CHECK(both.chosen(0, 0) == 1);
  CHECK(both.chosen(1, 1) == 1);
  CHECK(both.moved() == 3_KiB);
  CHECK(both.recent_use()[0] == 1);
}
