// What is remembered of each sequence, and of which pass it is.
#include "asterism/prefetch/recent.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using namespace asterism::prefetch;

namespace {

void tell(Recent& recent, std::int32_t group, const std::vector<std::int32_t>& used, std::int32_t sequence = 0) {
  Routing routing;
  routing.group = group;
  routing.sequence = sequence;
  routing.used = used;
  recent.observe(routing);
}

std::vector<std::int32_t> list(View<const std::int32_t> view) { return {view.begin(), view.end()}; }
std::vector<float> list(View<const float> view) { return {view.begin(), view.end()}; }

using Ids = std::vector<std::int32_t>;
using Shares = std::vector<float>;

}  // namespace

TEST_CASE("shares of the groups before, as long as the pass has been there") {
  Recent recent({.groups = 3, .members = 2, .sequences = 1});
  CHECK(list(recent.shares_before(0, 1, 1)).empty());
  tell(recent, 0, {0});
  CHECK(list(recent.shares_before(0, 1, 1)) == Shares{1, 0});
  CHECK(list(recent.shares_before(0, 2, 2)) == Shares{1, 0});
  CHECK(list(recent.shares_before(0, 2, 1)).empty());
  CHECK(list(recent.shares_before(0, 1, 2)).empty());  // there is no group -1
  tell(recent, 1, {0, 1});
  CHECK(list(recent.shares_before(0, 2, 1)) == Shares{0.5F, 0.5F});
  CHECK(list(recent.shares_before(0, 1, 1)).empty());  // is not ahead
  tell(recent, 2, {1});
  tell(recent, 0, {1});
  CHECK(list(recent.shares_before(0, 2, 1)).empty());  // is of the pass before
  CHECK(list(recent.shares_before(0, 1, 1)) == Shares{0, 1});
  tell(recent, 1, {0});
  tell(recent, 1, {1});  // the same again: a pass that began here
  CHECK(list(recent.shares_before(0, 2, 1)) == Shares{0, 1});
  CHECK(list(recent.shares_before(0, 2, 2)).empty());
  CHECK_FALSE(recent.ahead(0, 3));
  CHECK_FALSE(recent.ahead(0, -1));
}

TEST_CASE("members used before, across passes") {
  Recent recent({.groups = 2, .members = 4, .sequences = 2});
  tell(recent, 0, {1, 3});
  CHECK(list(recent.used_before(0, 1)) == Ids{1, 3});
  CHECK(list(recent.used_before(0, 0)).empty());
  tell(recent, 1, {2});
  CHECK(list(recent.used_before(0, 0)) == Ids{2});
  CHECK(list(recent.used_before(0, 1)).empty());
  CHECK(list(recent.used_last(0, 0)) == Ids{1, 3});
  tell(recent, 0, {-1, 0, 2, 2, 1, 4}, 1);
  CHECK(recent.sequence() == 1);
  CHECK(list(recent.used_last(1, 0)) == Ids{0, 2});
  CHECK(list(recent.used_before(0, 0)) == Ids{2});
  tell(recent, 0, {0}, 2);  // counts as sequence 0
  CHECK(list(recent.used_before(0, 1)) == Ids{0});
  Routing nowhere;
  nowhere.group = 2;
  CHECK_FALSE(recent.observe(nowhere));
}

TEST_CASE("a single group precedes itself") {
  Recent recent({.groups = 1, .members = 2, .sequences = 1});
  CHECK(list(recent.used_before(0, 0)).empty());
  for (const std::int32_t member : {1, 0, 1}) {
    tell(recent, 0, {member});
    CHECK(list(recent.used_before(0, 0)) == Ids{member});
  }
}
