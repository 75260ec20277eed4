// The guess belongs to the group behind, and to its sequence.
#include "asterism/prefetch/next_guess.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using namespace asterism::prefetch;

namespace {

std::vector<float> list(View<const float> view) { return {view.begin(), view.end()}; }

}  // namespace

TEST_CASE("the guess belongs to the group behind, and to its sequence") {
  NextGuess guess({.groups = 2, .members = 2, .sequences = 2});
  CHECK(guess.shares(0).empty());
  const std::vector<float> even = {1, 1};
  Routing routing;
  guess.observe(routing, even, {});
  CHECK(list(guess.shares(1)) == std::vector<float>{0.5F, 0.5F});
  CHECK(guess.shares(0).empty());
  CHECK(guess.shares(-1).empty());
  routing.sequence = 1;
  guess.observe(routing, {}, {});
  CHECK(guess.shares(1).empty());
  routing.group = 1;
  guess.observe(routing, {}, std::vector<std::int32_t>{1});
  CHECK(list(guess.shares(0)) == std::vector<float>{0, 1});
  routing.sequence = 0;
  routing.group = 7;  // there is none: nothing changes
  guess.observe(routing, {}, {});
  CHECK(list(guess.shares(1)) == std::vector<float>{0.5F, 0.5F});
}
