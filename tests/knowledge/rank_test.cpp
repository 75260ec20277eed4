#include "asterism/knowledge/rank.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "edge_list.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using test::EdgeList;

namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

/// Dense power iteration; what waits at places without out edges begins again at the seeds.
std::vector<double> power_iteration(const EdgeList& graph, const std::vector<Seed>& seeds, double damping) {
  std::vector<double> sums(graph.places());
  for (const EdgeList::Edge& edge : graph.edges()) sums[edge.from] += edge.weight;
  std::vector<double> start(graph.places());
  double all = 0;
  for (const Seed& seed : seeds) all += seed.weight;
  for (const Seed& seed : seeds) start[seed.place] += seed.weight / all;
  std::vector<double> scores = start;
  for (int i = 0; i < 600; ++i) {
    std::vector<double> next(graph.places());
    for (const EdgeList::Edge& edge : graph.edges()) {
      next[edge.to] += damping * scores[edge.from] * edge.weight / sums[edge.from];
    }
    double begins = 1 - damping;
    for (std::size_t place = 0; place < graph.places(); ++place) {
      if (sums[place] == 0) begins += damping * scores[place];
    }
    for (std::size_t place = 0; place < graph.places(); ++place) next[place] += begins * start[place];
    scores = next;
  }
  return scores;
}

std::vector<double> dense(const Ranking& ranking, std::size_t places) {
  std::vector<double> scores(places);
  for (const Ranked& ranked : ranking.places) scores[ranked.place] = ranked.score;
  return scores;
}

std::vector<Seed> random_seeds(std::size_t places, Random& random) {
  std::vector<Seed> seeds(1 + random.below(4));
  for (Seed& seed : seeds) {
    seed = {static_cast<std::uint32_t>(random.below(places)), static_cast<double>(1 + random.below(5))};
  }
  return seeds;
}

struct WithDegrees : EdgeList {
  using EdgeList::EdgeList;
  std::size_t out_degree(std::uint32_t place) const {
    return static_cast<std::size_t>(
        std::count_if(edges().begin(), edges().end(), [&](const Edge& edge) { return edge.from == place; }));
  }
};

}  // namespace

TEST_CASE("scores are those of a dense power iteration, short of them by what is open") {
  Random random(1);
  for (std::uint64_t round = 1; round <= 150; ++round) {
    const std::size_t places = 1 + random.below(60);
    const EdgeList graph(places, test::random_edges(places, random.below(4 * places), true, random), round);
    const std::vector<Seed> seeds = random_seeds(places, random);
    const double damping = round % 3 == 0 ? 0.85 : 0.5;
    const std::vector<double> expected = power_iteration(graph, seeds, damping);
    for (const double epsilon : {1e-12, 1e-5, 1e-3, 0.1}) {
      const Ranking ranking =
          personalized_page_rank(graph, View<const Seed>(seeds), {.damping = damping, .epsilon = epsilon});
      CHECK(ranking.complete);
      const std::vector<double> scores = dense(ranking, places);
      double lacking = 0;
      for (std::size_t place = 0; place < places; ++place) {
        CHECK(scores[place] <= expected[place] + 1e-12);
        lacking += expected[place] - scores[place];
      }
      CHECK(lacking == doctest::Approx(ranking.open).epsilon(1e-9));
      // What waits at a place is less than epsilon for each of its edges.
      const double waiting = epsilon * static_cast<double>(graph.edges().size() + places);
      CHECK(ranking.open <= damping * waiting / (1 - damping) + 1e-15);
    }
  }
}

TEST_CASE("a ranking is sorted, sparse, and the same bits for any order of steps and seeds") {
  Random random(2);
  for (std::uint64_t round = 1; round <= 60; ++round) {
    const std::size_t places = 1 + random.below(200);
    const std::vector<EdgeList::Edge> edges =
        test::random_edges(places, random.below(5 * places), round % 2 == 0, random);
    std::vector<Seed> seeds = random_seeds(places, random);
    const Ranking ranking = personalized_page_rank(EdgeList(places, edges), View<const Seed>(seeds));
    for (std::size_t i = 0; i < ranking.places.size(); ++i) {
      CHECK(ranking.places[i].score > 0);
      if (i == 0) continue;
      const Ranked& before = ranking.places[i - 1];
      const Ranked& here = ranking.places[i];
      CHECK((before.score > here.score || (before.score == here.score && before.place < here.place)));
    }
    std::reverse(seeds.begin(), seeds.end());
    const Ranking again = personalized_page_rank(EdgeList(places, edges, round), View<const Seed>(seeds));
    CHECK(again.places == ranking.places);
    CHECK(again.open == ranking.open);
    const WithDegrees counted(places, edges);
    CHECK(personalized_page_rank(counted, View<const Seed>(seeds)).places == ranking.places);
    for (const std::size_t count : {0U, 1U, 5U}) {
      const std::vector<Ranked> best =
          personalized_page_rank(counted, View<const Seed>(seeds), {.count = count}).places;
      REQUIRE(best.size() == std::min(count, ranking.places.size()));
      CHECK(std::equal(best.begin(), best.end(), ranking.places.begin()));
    }
  }
}

TEST_CASE("by hand: half ends, half goes on by weight") {
  // 0 leads to 1 and 2, three to one; these lead nowhere, so half of what comes there begins again.
  const EdgeList graph(4, {{0, 1, 3}, {0, 2, 1}});
  const std::vector<Seed> seeds = {{0, 5}};
  const Ranking ranking = personalized_page_rank(graph, View<const Seed>(seeds));
  REQUIRE(ranking.places.size() == 3);
  CHECK(ranking.open == 0);
  // 1/2, 3/16, 1/16 of walks end; 1/4 begin again.
  CHECK(ranking.places[0].score == doctest::Approx(0.5 / 0.75));
  CHECK(ranking.places[1].place == 1);
  CHECK(ranking.places[1].score == doctest::Approx(0.1875 / 0.75));
  CHECK(ranking.places[2].score == doctest::Approx(0.0625 / 0.75));
  CHECK(personalized_page_rank(graph, View<const Seed>()).places.empty());
  CHECK(personalized_page_rank(graph, View<const Seed>(seeds), {.damping = 0}).places ==
        std::vector<Ranked>{{0, 1.0}});
}

TEST_CASE("work is bounded by epsilon, not by the graph") {
  Random random(4);
  const std::size_t places = 20'000;
  std::vector<EdgeList::Edge> edges = test::random_edges(places, 100'000, false, random);
  for (std::uint32_t place = 1; place < places; ++place) {  // one that all lead to, and that leads to all
    edges.push_back({0, place});
    edges.push_back({place, 0});
  }
  struct Degrees : EdgeList {
    using EdgeList::EdgeList;
    std::vector<std::size_t> degrees{};
    std::size_t out_degree(std::uint32_t place) const { return degrees[place]; }
  };
  Degrees graph(places, edges);
  graph.degrees.resize(places);
  for (const EdgeList::Edge& edge : edges) ++graph.degrees[edge.from];
  for (const double epsilon : {1e-2, 1e-3, 1e-4}) {
    const std::vector<Seed> seeds = random_seeds(places, random);
    std::size_t told = 0;
    personalized_page_rank(graph, View<const Seed>(seeds), {.epsilon = epsilon}, test::Budget{&told, unlimited});
    CHECK(static_cast<double>(told) <= 1 / (epsilon * 0.5));
  }
}

TEST_CASE("a meter that stops leaves scores that are short of the true ones") {
  Random random(5);
  const std::vector<EdgeList::Edge> edges = test::random_edges(50, 200, true, random);
  const EdgeList graph(50, edges);
  const std::vector<Seed> seeds = random_seeds(50, random);
  const std::vector<double> expected = power_iteration(graph, seeds, 0.5);
  double before = 1;
  for (const std::size_t limit : {0U, 1U, 50U, 500U}) {
    std::size_t told = 0;
    const Ranking ranking =
        personalized_page_rank(graph, View<const Seed>(seeds), {.epsilon = 1e-9}, test::Budget{&told, limit});
    CHECK_FALSE(ranking.complete);
    CHECK(told < limit + 20);
    const std::vector<double> scores = dense(ranking, 50);
    double lacking = 0;
    for (std::size_t place = 0; place < 50; ++place) {
      CHECK(scores[place] <= expected[place] + 1e-12);
      lacking += expected[place] - scores[place];
    }
    CHECK(lacking == doctest::Approx(ranking.open));
    CHECK(ranking.open <= before);
    before = ranking.open;
  }
  CHECK(before < 0.01);
}

TEST_CASE("numbers out of their range are refused") {
  const EdgeList graph(3, {{0, 1}});
  const auto refused = [&](Seed seed, RankOptions options, std::initializer_list<std::string_view> parts) {
    const std::vector<Seed> seeds = {{1, 1}, seed};
    test::check_error<InvalidArgument>([&] { personalized_page_rank(graph, View<const Seed>(seeds), options); },
                                       parts);
  };
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  refused({3, 1}, {}, {"seed", "place 3", "has 3"});
  for (const double weight : {0.0, -1.0, nan, infinity}) refused({0, weight}, {}, {"seed, place 0", "weight"});
  for (const double damping : {-0.1, 1.0, nan}) refused({0, 1}, {.damping = damping}, {"damping", "below 1"});
  for (const double epsilon : {-0.1, 0.0, nan, infinity})
    refused({0, 1}, {.epsilon = epsilon}, {"epsilon", "above 0"});
}
