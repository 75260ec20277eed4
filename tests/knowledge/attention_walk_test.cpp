// What attention passes on is what a dense computation passes on, and it learns which edges lead to what was wanted.
#include "asterism/knowledge/attention_walk.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "edge_list.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using test::EdgeList;

namespace {

constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
constexpr std::uint16_t kinds = 4;

EdgeList graph_of(std::size_t places, std::size_t count, Random& random) {
  std::vector<EdgeList::Edge> edges = test::random_edges(places, count, true, random);
  for (EdgeList::Edge& edge : edges) edge.kind = static_cast<std::uint16_t>(random.below(kinds));
  return EdgeList(places, std::move(edges), 3);
}

/// The same by whole vectors.
std::vector<double> naive(const EdgeList& graph, const AttentionWalk& walk, std::uint64_t followed,
                          std::size_t hops, std::vector<double> here) {
  std::vector<double> ended(graph.places());
  for (std::size_t hop = 0; hop < hops; ++hop) {
    std::vector<double> next(graph.places());
    for (std::uint32_t place = 0; place < graph.places(); ++place) {
      std::vector<double> to(graph.places());
      double sum = 1;
      for (const EdgeList::Edge& edge : graph.edges()) {
        if ((followed >> edge.kind & 1U) == 0 || edge.from == edge.to) continue;
        for (const bool along : {true, false}) {
          if ((along ? edge.from : edge.to) != place) continue;
          const double part = edge.weight * std::exp(walk.logit(edge.kind, along));
          to[along ? edge.to : edge.from] += part;
          sum += part;
        }
      }
      ended[place] += here[place] / sum;
      for (std::uint32_t other = 0; other < graph.places(); ++other) next[other] += here[place] * to[other] / sum;
    }
    here = next;
  }
  for (std::uint32_t place = 0; place < graph.places(); ++place) ended[place] += here[place];
  return ended;
}

}  // namespace

TEST_CASE("a ranking is what whole vectors give") {
  Random random(4);
  for (int round = 0; round < 20; ++round) {
    const EdgeList graph = graph_of(15, 40, random);
    const std::uint64_t followed = random.below(16);
    const std::size_t hops = 1 + random.below(3);
    AttentionWalk walk({.kinds = followed, .hops = hops});
    for (std::uint16_t kind = 0; kind < kinds; ++kind) {
      walk.set_logit(kind, true, 2 * random.normal());
      walk.set_logit(kind, false, 2 * random.normal());
    }
    std::vector<double> begin(15);
    begin[3] = 0.25;
    begin[7] = 0.75;
    const std::vector<double> wanted = naive(graph, walk, followed, hops, begin);
    const std::vector<Seed> seeds{{3, 1}, {7, 3}};
    const Ranking ranking = walk.rank(graph, View<const Seed>(seeds), all, Unlimited{});
    double sum = 0;
    for (const Ranked& one : ranking.places) {
      CHECK(one.score == doctest::Approx(wanted[one.place]));
      sum += one.score;
    }
    CHECK(sum == doctest::Approx(1));
  }
}

TEST_CASE("logits climb where the mean log score of what is wanted climbs") {
  Random random(6);
  const EdgeList graph = graph_of(15, 40, random);
  std::vector<WalkExample> examples(3);
  for (WalkExample& example : examples) {
    example.seeds = {{static_cast<std::uint32_t>(random.below(15)), 1}};
    example.wanted = {static_cast<std::uint32_t>(random.below(15)), static_cast<std::uint32_t>(random.below(15))};
  }
  AttentionWalk walk;
  for (std::uint16_t kind = 0; kind < kinds; ++kind) walk.set_logit(kind, true, 0.3 * random.normal());
  const auto mean = [&](AttentionWalk at) { return at.learn(graph, View<const WalkExample>(examples), 1); };
  AttentionWalk taught = walk;
  taught.learn(graph, View<const WalkExample>(examples), 1);
  int compared = 0;
  for (std::uint16_t kind = 0; kind < kinds; ++kind) {
    for (const bool along : {true, false}) {
      constexpr double little = 1e-5;
      AttentionWalk more = walk;
      AttentionWalk less = walk;
      more.set_logit(kind, along, walk.logit(kind, along) + little);
      less.set_logit(kind, along, walk.logit(kind, along) - little);
      // The climb also pulls logits a little towards 0.
      const double slope = (mean(more) - mean(less)) / (2 * little) - 1e-3 * walk.logit(kind, along);
      if (std::abs(slope) < 1e-4) continue;
      ++compared;
      CAPTURE(kind);
      CAPTURE(along);
      CHECK((taught.logit(kind, along) > walk.logit(kind, along)) == (slope > 0));
    }
  }
  CHECK(compared >= 6);
}

TEST_CASE("it learns the kinds and directions that lead to what was wanted") {
  // A chain of kind 1 along, then kind 2 against; every place of it has edges of other kinds to somewhere else.
  std::vector<EdgeList::Edge> edges;
  for (std::uint32_t i = 0; i < 20; ++i) {
    const std::uint32_t first = 3 * i;
    edges.push_back({first, first + 1, 1, 1});
    edges.push_back({first + 2, first + 1, 1, 2});
    for (std::uint32_t k = 0; k < 3; ++k) {
      for (std::uint32_t other = 0; other < 3; ++other) {
        edges.push_back({first + k, 60 + (7 * i + 5 * other + k) % 40, 1, 0});
        edges.push_back({60 + (3 * i + 11 * other + k) % 40, first + k, 1, 3});
      }
    }
  }
  const EdgeList graph(100, edges);
  std::vector<WalkExample> examples;
  for (std::uint32_t i = 0; i < 15; ++i) examples.push_back({{{3 * i, 1}}, {3 * i + 2}});
  AttentionWalk walk;
  const auto score = [&](std::uint32_t chain) {
    const Seed seed{3 * chain, 1};
    for (const Ranked& one : walk.rank(graph, View<const Seed>(&seed, 1), all, Unlimited{}).places) {
      if (one.place == 3 * chain + 2) return one.score;
    }
    return 0.0;
  };
  CHECK(score(17) < 0.1);
  const double before = walk.learn(graph, View<const WalkExample>(examples), 1);
  const double after = walk.learn(graph, View<const WalkExample>(examples), 120);
  CHECK(after > before + 1);
  CHECK(score(17) > 0.7);  // a chain that it was not taught
  CHECK(walk.logit(1, true) > 1);
  CHECK(walk.logit(2, false) > 1);
  CHECK(walk.logit(0, true) < 0);
  CHECK(walk.learn(graph, View<const WalkExample>()) == 0);
}

TEST_CASE("options out of range are refused") {
  CHECK_THROWS_AS(AttentionWalk({.hops = 0}), InvalidArgument);
  CHECK_THROWS_AS(AttentionWalk({.hops = 9}), InvalidArgument);
  CHECK_THROWS_AS(AttentionWalk({.widest = 0}), InvalidArgument);
}
