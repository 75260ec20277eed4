// Walks obey their laws, and mistakes in them are found.
#include "asterism/knowledge/walk.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include <doctest/doctest.h>

#include "asterism/knowledge/attention_walk.hpp"

#include "lacking/walk.hpp"
#include "laws/walk_laws.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

/// PageRank with a mistake.
struct Mistaken {
  enum class What { adds_a_place, forgets_ties, ignores_count, ignores_the_meter } what;

  template <Adjacency A, Meter M>
  Ranking rank(const A& graph, View<const Seed> seeds, std::size_t count, M meter) const {
    Ranking ranking;
    if (what == What::ignores_the_meter) {
      ranking = PageRank{}.rank(graph, seeds, count, Unlimited{});
    } else {
      ranking = PageRank{}.rank(graph, seeds, what == What::ignores_count ? count + 1 : count, meter);
    }
    if (what == What::adds_a_place && ranking.places.size() > 1) {
      ranking.places.push_back({static_cast<std::uint32_t>(graph.places() - 1), 1e-9});
    }
    if (what == What::forgets_ties) {
      for (Ranked& one : ranking.places) one.score = 1;
    }
    return ranking;
  }
};

}  // namespace

static_assert(WalkPolicy<lacking::walks::Complete>);
static_assert(!WalkPolicy<lacking::walks::NoRank>);

TEST_CASE("PageRank obeys the laws") { laws::walk_policy(PageRank{}); }

TEST_CASE("attention obeys the laws, untaught and taught") {
  laws::walk_policy(AttentionWalk());
  AttentionWalk walk({.kinds = 0b1011, .hops = 3, .widest = 10});
  walk.set_logit(0, true, 2);
  walk.set_logit(1, false, -1.5);
  walk.set_logit(3, true, 0.5);
  laws::walk_policy(walk);
}

TEST_CASE("the laws find mistakes") {
  using What = Mistaken::What;
  for (const What what : {What::adds_a_place, What::forgets_ties, What::ignores_count, What::ignores_the_meter}) {
    CAPTURE(static_cast<int>(what));
    CHECK_THROWS_AS(laws::walk_policy(Mistaken{what}), laws::LawBroken);
  }
}
