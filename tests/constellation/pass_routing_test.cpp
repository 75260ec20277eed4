// What a cache and a prefetcher hear of a pass.
#include "asterism/constellation/pass_routing.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using prefetch::Phase;

namespace {

using Members = std::vector<std::int32_t>;
using Values = std::vector<float>;

/// Four rows of two choices among five experts.
struct Pass {
  std::vector<gating::Route> routes = {{0, .5F}, {3, .5F}, {3, 1}, {1, 0}, {0, 1}, {1, 0}, {4, 1}, {3, 0}};
  std::vector<std::int32_t> offsets = {0, 2, 4, 4, 7, 8};
  Values scores = {.5F, .1F, 0, .4F, 0, .1F, .2F, 0, .7F, 0, .6F, .3F, .1F, 0, 0, 0, 0, .1F, .3F, .6F};
  Values next_scores = {.1F, .9F, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, .2F, .8F, .3F, .3F, .4F, 0, 0};

  MatrixView<const std::int32_t> groups() const { return {offsets.data(), 1, 6}; }
  MatrixView<const float> probabilities() const { return {scores.data(), 4, 5}; }
  MatrixView<const float> next() const { return {next_scores.data(), 4, 5}; }
  MatrixView<const gating::Route> choices() const { return {routes.data(), 4, 2}; }
};

template <class T>
std::vector<T> list(View<const T> view) {
  return {view.begin(), view.end()};
}

}  // namespace

TEST_CASE("a pass of several sequences: all of it, and each by itself") {
  const Pass pass;
  constellation::PassRouting routing(5);
  for (int again = 0; again < 2; ++again) {
    routing.clear();
    routing.add(7, 1);
    routing.add(2, 2);
    routing.add(0, 1);
    CHECK(routing.sequences() == 3);
    const residency::Routed all =
        routing.of(9, Phase::prompt, pass.groups(), pass.probabilities(), pass.next(), pass.choices());
    CHECK(all.group == 9);
    CHECK(all.phase == Phase::prompt);
    CHECK(list(all.used) == Members{0, 1, 3, 4});
    CHECK(list(all.probabilities) == Values{.6F, .3F, .1F, .7F, .6F});
    REQUIRE(all.sequences.size == 3);
    const prefetch::Routing& one = all.sequences[0];
    CHECK(one.group == 9);
    CHECK(one.sequence == 7);
    CHECK(one.phase == Phase::decode);
    CHECK(list(one.used) == Members{0, 3});
    CHECK(list(one.probabilities) == Values{.5F, .1F, 0, .4F, 0});
    CHECK(list(one.next) == Values{.1F, .9F, 0, 0, 0});
    const prefetch::Routing& two = all.sequences[1];
    CHECK(two.sequence == 2);
    CHECK(two.phase == Phase::prompt);
    CHECK(list(two.used) == Members{0, 1, 3});
    CHECK(list(two.probabilities) == Values{.6F, .3F, .1F, .7F, 0});
    CHECK(list(two.next) == Values{0, 0, 1, .2F, .8F});
    CHECK(all.sequences[2].sequence == 0);
    CHECK(list(all.sequences[2].used) == Members{3, 4});
  }
}

TEST_CASE("a pass of one sequence needs no routes, and nobody has to ask the next router") {
  const Pass pass;
  constellation::PassRouting routing(5);
  routing.add(3, 4);
  const residency::Routed all =
      routing.of(1, Phase::prompt, pass.groups(), pass.probabilities(), pass.next(), {nullptr, 0, 2});
  REQUIRE(all.sequences.size == 1);
  CHECK(all.sequences[0].sequence == 3);
  CHECK(all.sequences[0].phase == Phase::prompt);
  CHECK(list(all.sequences[0].used) == Members{0, 1, 3, 4});
  CHECK(list(all.sequences[0].next) == Values{.3F, .9F, 1, .2F, .8F});
  const residency::Routed unasked =
      routing.of(1, Phase::prompt, pass.groups(), pass.probabilities(), {nullptr, 0, 5}, {nullptr, 0, 2});
  CHECK(unasked.sequences[0].next.empty());
  routing.clear();  // nobody looks ahead
  CHECK(routing.of(1, Phase::decode, pass.groups(), pass.probabilities(), {nullptr, 0, 5}, {nullptr, 0, 2})
            .sequences.empty());
}
