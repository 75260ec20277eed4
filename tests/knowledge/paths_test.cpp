#include "asterism/knowledge/paths.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <tuple>
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

constexpr std::size_t any_depth = std::numeric_limits<std::size_t>::max();

std::vector<std::uint32_t> places_of(const Path& path) {
  std::vector<std::uint32_t> places;
  for (const Step& step : path.steps) places.push_back(step.place);
  return places;
}
std::vector<EdgeId> edges_of(const Path& path) {
  std::vector<EdgeId> edges;
  for (const Step& step : path.steps) edges.push_back(step.edge);
  return edges;
}

/// Tries every walk of so many edges that ends at `to`, and keeps the smallest in `best`.
void try_walks(const EdgeList& graph, std::uint32_t at, std::uint32_t to, std::size_t edges, Path& walk,
               Path& best) {
  if (edges == 0) {
    if (at != to) return;
    const auto key = [](const Path& path) { return std::make_tuple(places_of(path), edges_of(path)); };
    if (!best.found || key(walk) < key(best)) best.steps = walk.steps;
    best.found = true;
    return;
  }
  for (std::uint32_t i = 0; i < graph.edges().size(); ++i) {
    if (graph.edges()[i].from != at) continue;
    walk.steps.push_back({graph.edges()[i].to, {i}, graph.edges()[i].weight});
    try_walks(graph, graph.edges()[i].to, to, edges - 1, walk, best);
    walk.steps.pop_back();
  }
}
Path naive_path(const EdgeList& graph, std::uint32_t from, std::uint32_t to, std::size_t depth) {
  Path best;
  for (std::size_t edges = 0; edges <= depth && !best.found; ++edges) {
    Path walk;
    try_walks(graph, from, to, edges, walk, best);
  }
  return best;
}

/// Hops by relaxing all edges again and again.
std::vector<Hop> naive_reach(const EdgeList& graph, std::uint32_t from, std::size_t hops, Direction direction) {
  std::vector<std::optional<std::uint32_t>> distance(graph.places());
  distance[from] = 0;
  std::vector<Hop> reached;
  for (std::uint32_t hop = 1; hop <= hops; ++hop) {
    for (const EdgeList::Edge& edge : graph.edges()) {
      if (direction != Direction::in && distance[edge.from] == hop - 1 && !distance[edge.to])
        distance[edge.to] = hop;
      if (direction != Direction::out && distance[edge.to] == hop - 1 && !distance[edge.from]) {
        distance[edge.from] = hop;
      }
    }
    for (std::uint32_t place = 0; place < graph.places(); ++place) {
      if (distance[place] == hop) reached.push_back({place, hop});
    }
  }
  return reached;
}

}  // namespace

TEST_CASE("the shortest path is that of a search through all walks, whatever the order of steps") {
  Random random(1);
  int with_way = 0;
  for (std::uint64_t round = 1; round <= 300; ++round) {
    const std::size_t places = 2 + random.below(12);
    const EdgeList graph(places, test::random_edges(places, random.below(3 * places), true, random), round);
    for (int pair = 0; pair < 10; ++pair) {
      const auto from = static_cast<std::uint32_t>(random.below(places));
      const auto to = static_cast<std::uint32_t>(random.below(places));
      const std::size_t depth = random.below(6);
      const Path expected = naive_path(graph, from, to, depth);
      const Path path = shortest_path(graph, from, to, depth);
      CHECK(path.complete);
      CHECK(path.found == expected.found);
      CHECK(path.steps == expected.steps);
      with_way += path.steps.size() > 1 ? 1 : 0;
    }
  }
  CHECK(with_way > 200);
}

TEST_CASE("of the shortest paths the smallest places, then the smallest edges") {
  // 0 to 9 by 1-5, 1-6, 2-3 or 2-4; places decide first, and edges from the front.
  std::vector<EdgeList::Edge> edges = {{0, 2}, {2, 3}, {3, 9}, {2, 4}, {4, 9}, {0, 1},
                                       {1, 6}, {6, 9}, {1, 5}, {5, 9}, {0, 1}, {5, 9}};
  const EdgeList graph(10, edges, 3);
  const Path path = shortest_path(graph, 0, 9);
  CHECK(places_of(path) == std::vector<std::uint32_t>{1, 5, 9});
  CHECK(edges_of(path) == std::vector<EdgeId>{{5}, {8}, {9}});
}

TEST_CASE("a place leads to itself, and depth is kept to") {
  const EdgeList graph(5, {{0, 1}, {1, 2}, {2, 3}, {3, 4}});
  CHECK(shortest_path(graph, 2, 2, 0).found);
  CHECK(shortest_path(graph, 2, 2).steps.empty());
  CHECK(shortest_path(graph, 0, 3).steps.size() == 3);
  CHECK_FALSE(shortest_path(graph, 0, 4).found);
  CHECK(shortest_path(graph, 0, 4, 4).steps.size() == 4);
  CHECK(shortest_path(graph, 0, 4, any_depth).steps.size() == 4);
  CHECK_FALSE(shortest_path(graph, 4, 0, any_depth).found);
  CHECK(shortest_path(graph, 4, 0, any_depth).complete);
}

TEST_CASE("a search from both ends does not walk the edges of the whole graph") {
  // Places 1 ... 1000 follow 0; each leads on to 10 of its own, one of which leads to the last place.
  std::vector<EdgeList::Edge> edges;
  std::uint32_t next = 1001;
  for (std::uint32_t place = 1; place <= 1000; ++place) {
    edges.push_back({0, place});
    for (int i = 0; i < 10; ++i) edges.push_back({place, next++});
  }
  edges.push_back({1001 + 5000, next});
  const EdgeList graph(next + 1, edges);
  std::size_t told = 0;
  const Path path = shortest_path(graph, 0, next, 3, test::Budget{&told, any_depth});
  CHECK(places_of(path) == std::vector<std::uint32_t>{501, 6001, next});
  CHECK(told == 1002);
}

TEST_CASE("places are what a naive search reaches, whatever the order of steps") {
  Random random(2);
  for (std::uint64_t round = 1; round <= 200; ++round) {
    const std::size_t places = 1 + random.below(40);
    const EdgeList graph(places, test::random_edges(places, random.below(2 * places), true, random), round);
    for (const Direction direction : {Direction::out, Direction::in, Direction::both}) {
      const auto from = static_cast<std::uint32_t>(random.below(places));
      const std::size_t hops = random.below(7);
      const Reached reached = reachable(graph, from, hops, direction);
      CHECK(reached.complete);
      CHECK(reached.places == naive_reach(graph, from, hops, direction));
    }
  }
  const EdgeList line(3, {{0, 1}, {1, 2}});
  CHECK(reachable(line, 0, any_depth).places == std::vector<Hop>{{1, 1}, {2, 2}});
}

TEST_CASE("a meter that stops leaves what was found until then, the same for any order of steps") {
  Random random(3);
  const std::vector<EdgeList::Edge> edges = test::random_edges(100, 400, false, random);
  const EdgeList graph(100, edges);
  std::size_t all = 0;
  const std::vector<Hop> whole = reachable(graph, 0, 5, Direction::both, test::Budget{&all, any_depth}).places;
  REQUIRE(all > 500);
  std::size_t before = 0;
  for (std::size_t limit = 0; limit < all; limit += 37) {
    std::size_t told = 0;
    const Reached reached = reachable(graph, 0, 5, Direction::both, test::Budget{&told, limit});
    CHECK_FALSE(reached.complete);
    CHECK(told < limit + 30);  // and the edges of one place
    CHECK(reached.places.size() >= before);
    before = reached.places.size();
    for (std::size_t i = 0; i < reached.places.size(); ++i) {
      CHECK(std::find(whole.begin(), whole.end(), reached.places[i]) != whole.end());
    }
    std::size_t again = 0;
    const EdgeList shuffled(100, edges, limit + 1);
    CHECK(reachable(shuffled, 0, 5, Direction::both, test::Budget{&again, limit}).places == reached.places);
    CHECK(again == told);
  }
  std::size_t told = 0;
  const EdgeList line(4, {{0, 1}, {1, 2}, {2, 3}});
  const Path path = shortest_path(line, 0, 3, 3, test::Budget{&told, 2});
  CHECK_FALSE(path.found);
  CHECK_FALSE(path.complete);
}

TEST_CASE("places that the graph does not have are refused") {
  const EdgeList graph(3, {{0, 1}});
  test::check_error<InvalidArgument>([&] { shortest_path(graph, 0, 3); }, {"place 3", "has 3"});
  test::check_error<InvalidArgument>([&] { shortest_path(graph, 7, 0); }, {"place 7"});
  test::check_error<InvalidArgument>([&] { reachable(EdgeList(0, {}), 0, 1); }, {"place 0", "has 0"});
}
