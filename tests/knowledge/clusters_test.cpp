#include "asterism/knowledge/clusters.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
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

using Partition = std::vector<std::uint32_t>;  // by place

/// By definition, from the list of edges alone.
double modularity(const EdgeList& graph, const Partition& of) {
  std::map<std::uint32_t, double> totals;
  double all = 0;
  double within = 0;
  for (const EdgeList::Edge& edge : graph.edges()) {
    all += 2 * edge.weight;
    if (of[edge.from] == of[edge.to]) within += 2 * edge.weight;
    totals[of[edge.from]] += edge.weight;
    totals[of[edge.to]] += edge.weight;
  }
  double expected = 0;
  for (const auto& [cluster, total] : totals) expected += total / all * (total / all);
  return within / all - expected;
}

/// Numbers clusters by their first place.
Partition canonical(const Partition& of) {
  std::map<std::uint32_t, std::uint32_t> number;
  Partition numbers;
  for (const std::uint32_t cluster : of) {
    numbers.push_back(number.emplace(cluster, static_cast<std::uint32_t>(number.size())).first->second);
  }
  return numbers;
}

/// Calls f(partition) for all partitions of so many places.
template <class F>
void for_each_partition(std::size_t places, Partition& partition, const F& f) {
  if (partition.size() == places) return f(partition);
  const std::uint32_t used = partition.empty() ? 0 : 1 + *std::max_element(partition.begin(), partition.end());
  for (std::uint32_t cluster = 0; cluster <= used; ++cluster) {
    partition.push_back(cluster);
    for_each_partition(places, partition, f);
    partition.pop_back();
  }
}

/// How many parts the clusters have that no edge joins with the rest of theirs.
std::size_t connected_parts(const EdgeList& graph, const Partition& of) {
  Partition part(of.size());
  for (std::uint32_t place = 0; place < of.size(); ++place) part[place] = place;
  for (bool changes = true; changes;) {
    changes = false;
    for (const EdgeList::Edge& edge : graph.edges()) {
      if (of[edge.from] != of[edge.to] || part[edge.from] == part[edge.to]) continue;
      part[edge.from] = part[edge.to] = std::min(part[edge.from], part[edge.to]);
      changes = true;
    }
  }
  std::set<std::uint32_t> parts;
  for (std::uint32_t place = 0; place < of.size(); ++place) {
    if (of[place] != no_cluster) parts.insert(part[place]);
  }
  return parts.size();
}

/// What holds for every result.
void check_laws(const EdgeList& graph, const Clusters& result, std::uint32_t first_id = 0) {
  Partition alone(graph.places());
  for (std::uint32_t place = 0; place < graph.places(); ++place) alone[place] = place;
  std::vector<bool> has_edges(graph.places());
  for (const EdgeList::Edge& edge : graph.edges()) has_edges[edge.from] = has_edges[edge.to] = true;

  CHECK(result.complete);
  CHECK(result.levels.empty() == graph.edges().empty());
  double before = graph.edges().empty() ? 0 : modularity(graph, alone);
  std::set<std::uint32_t> ids;
  std::size_t count = graph.places() + 1;
  for (std::size_t l = 0; l < result.levels.size(); ++l) {
    const ClusterLevel& level = result.levels[l];
    REQUIRE(level.of.size() == graph.places());
    std::set<std::uint32_t> own;
    for (std::uint32_t place = 0; place < graph.places(); ++place) {
      CHECK((level.of[place] == no_cluster) == !has_edges[place]);
      if (level.of[place] != no_cluster) own.insert(level.of[place]);
    }
    CHECK(own.size() == level.count);
    CHECK(level.count < count);  // each level has fewer
    count = level.count;
    for (const std::uint32_t id : own) {
      CHECK(ids.insert(id).second);  // on no other level
      CHECK(id < result.next);
    }
    CHECK(level.modularity == doctest::Approx(modularity(graph, level.of)).epsilon(1e-9));
    CHECK(level.modularity >= before - 1e-12);
    before = level.modularity;
    CHECK(connected_parts(graph, level.of) == level.count);
    if (l == 0) continue;
    std::map<std::uint32_t, std::uint32_t> above;
    for (std::uint32_t place = 0; place < graph.places(); ++place) {
      const auto at = above.emplace(result.levels[l - 1].of[place], level.of[place]).first;
      CHECK(at->second == level.of[place]);
    }
  }
  if (first_id == 0) CHECK(ids.size() == result.next);
}

bool same(const Clusters& a, const Clusters& b) {
  if (a.levels.size() != b.levels.size() || a.next != b.next || a.complete != b.complete) return false;
  for (std::size_t l = 0; l < a.levels.size(); ++l) {
    if (a.levels[l].of != b.levels[l].of || a.levels[l].modularity != b.levels[l].modularity) return false;
  }
  return true;
}

void join_all(std::vector<EdgeList::Edge>& edges, std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t a = first; a < first + count; ++a) {
    for (std::uint32_t b = a + 1; b < first + count; ++b)
      edges.push_back({b % 2 == 0 ? a : b, b % 2 == 0 ? b : a});
  }
}

/// Groups of 50 places: each place has `inside` edges to its own group, and `outside` to any.
std::vector<EdgeList::Edge> planted(std::size_t groups, std::size_t inside, std::size_t outside, Random& random) {
  std::vector<EdgeList::Edge> edges;
  for (std::uint32_t place = 0; place < 50 * groups; ++place) {
    for (std::size_t i = 0; i < inside + outside; ++i) {
      const std::uint64_t to = i < inside ? place / 50 * 50 + random.below(50) : random.below(50 * groups);
      edges.push_back({place, static_cast<std::uint32_t>(to)});
    }
  }
  return edges;
}

}  // namespace

TEST_CASE("levels are nested, clusters connected, modularity grows, for any graph and any start") {
  Random random(1);
  Clusters last;
  for (std::uint64_t round = 1; round <= 300; ++round) {
    const std::size_t places = random.below(60);
    const std::size_t count = places == 0 ? 0 : random.below(4 * places);
    const std::vector<EdgeList::Edge> edges = test::random_edges(places, count, round % 2 == 0, random);
    const EdgeList graph(places, edges);
    const Clusters result = clusters(graph);
    check_laws(graph, result);
    CHECK(same(result, clusters(EdgeList(places, edges, round))));  // in any order of steps
    check_laws(graph, clusters(graph, last), last.next);
    CHECK(same(clusters(graph, last), clusters(EdgeList(places, edges, round), last)));
    // Whoever starts from a result has it again.
    CHECK(same(result, clusters(graph, result)));
    last = result;
  }
}

TEST_CASE("a start in which nothing fits does no harm") {
  Random random(2);
  for (int round = 0; round < 50; ++round) {
    const EdgeList graph(100, test::random_edges(100, 150, true, random));
    Clusters bad{.levels = {{}, {}}, .next = 40};
    for (int place = 0; place < 120; ++place) {
      bad.levels[0].of.push_back(static_cast<std::uint32_t>(random.below(20)));
      bad.levels[1].of.push_back(static_cast<std::uint32_t>(20 + random.below(20)));
    }
    check_laws(graph, clusters(graph, bad), bad.next);
    bad.levels[0].of.assign(100, 7);
    check_laws(graph, clusters(graph, bad), bad.next);
  }
}

TEST_CASE("clusters of small graphs are the best of all partitions") {
  std::vector<std::vector<EdgeList::Edge>> graphs;
  std::vector<EdgeList::Edge> edges;
  const auto cliques = [&](std::initializer_list<std::uint32_t> sizes) {
    edges.clear();
    std::uint32_t first = 0;
    for (const std::uint32_t size : sizes) {
      join_all(edges, first, size);
      if (first > 0) edges.push_back({first - 1, first});
      first += size;
    }
    graphs.push_back(edges);
  };
  cliques({3, 3});
  cliques({4, 4});
  cliques({5, 4});
  cliques({3, 3, 3});
  cliques({4, 3});
  cliques({2, 4});
  cliques({6});
  graphs.push_back({{0, 1}, {1, 2}, {2, 3}});
  graphs.push_back({{0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}});
  graphs.push_back({{0, 1}, {2, 3}, {4, 5}, {5, 4}});
  graphs.push_back({{0, 1, 5}, {1, 2, 1}, {2, 3, 5}, {3, 0, 1}, {0, 0, 2}});
  for (const std::vector<EdgeList::Edge>& some : graphs) {
    std::uint32_t places = 0;
    for (const EdgeList::Edge& edge : some) places = std::max({places, edge.from + 1, edge.to + 1});
    const EdgeList graph(places, some);
    double best = -1;
    std::vector<Partition> best_ones;
    Partition partition;
    for_each_partition(places, partition, [&](const Partition& one) {
      const double value = modularity(graph, one);
      if (value > best + 1e-12) best_ones.clear();
      if (value > best - 1e-12) best_ones.push_back(one);
      best = std::max(best, value);
    });
    REQUIRE(best_ones.size() == 1);
    const Clusters result = clusters(graph);
    CHECK(canonical(result.levels.back().of) == best_ones.front());
  }
}

TEST_CASE("on any small graph modularity is near that of the best partition") {
  Random random(3);
  int best_found = 0;
  for (int round = 0; round < 100; ++round) {
    const EdgeList graph(7, test::random_edges(7, 6 + random.below(8), round % 2 == 0, random));
    double best = -1;
    Partition partition;
    for_each_partition(7, partition, [&](const Partition& one) { best = std::max(best, modularity(graph, one)); });
    const double found = clusters(graph).levels.back().modularity;
    CHECK(found > best - 0.12);
    best_found += found > best - 1e-12 ? 1 : 0;
  }
  CHECK(best_found > 70);
}

TEST_CASE("planted groups are found") {
  Random random(4);
  const EdgeList graph(1000, planted(20, 8, 2, random));
  const Clusters result = clusters(graph);
  check_laws(graph, result);
  Partition groups;
  for (std::uint32_t place = 0; place < 1000; ++place) groups.push_back(place / 50);
  CHECK(canonical(result.levels.back().of) == groups);
}

TEST_CASE("clusters that are not connected are split") {
  // Two triangles of one cluster, whose only link, place 6, is drawn to another cluster.
  std::vector<EdgeList::Edge> edges;
  join_all(edges, 0, 3);
  join_all(edges, 3, 3);
  join_all(edges, 7, 5);
  for (const std::uint32_t place : {0U, 3U, 7U, 8U, 9U, 10U}) edges.push_back({6, place});
  const EdgeList graph(12, edges);
  Clusters previous{.levels = {{.of = {5, 5, 5, 5, 5, 5, 5, 9, 9, 9, 9, 9}, .count = 2}}, .next = 10};
  const Clusters result = clusters(graph, previous);
  check_laws(graph, result, 10);
  const Partition& of = result.levels[0].of;
  CHECK(of == Partition{5, 5, 5, 10, 10, 10, 9, 9, 9, 9, 9, 9});
}

TEST_CASE("edges of both directions are summed, and those to the place itself count") {
  Random random(5);
  for (int round = 0; round < 30; ++round) {
    std::vector<EdgeList::Edge> edges = test::random_edges(40, 100, false, random);
    for (EdgeList::Edge& edge : edges) edge.weight = static_cast<double>(1 + random.below(9));
    std::vector<EdgeList::Edge> split;
    for (const EdgeList::Edge& edge : edges) {
      split.push_back({edge.to, edge.from, edge.weight / 2});
      split.push_back({edge.from, edge.to, edge.weight / 4});
      split.push_back({edge.from, edge.to, edge.weight / 4});
    }
    CHECK(same(clusters(EdgeList(40, edges)), clusters(EdgeList(40, split))));
  }
  const EdgeList alone(3, {{1, 1, 4}});
  const Clusters result = clusters(alone);
  REQUIRE(result.levels.size() == 1);
  CHECK(result.levels[0].of == Partition{no_cluster, 0, no_cluster});
  CHECK(clusters(EdgeList(0, {})).levels.empty());
  CHECK(clusters(EdgeList(5, {})).levels.empty());
}

TEST_CASE("small changes leave ids and nearly all places where they were") {
  Random random(6);
  std::vector<EdgeList::Edge> edges = planted(20, 8, 2, random);
  const std::size_t kept = edges.size();
  Clusters before = clusters(EdgeList(1000, edges));
  for (int round = 0; round < 10; ++round) {
    edges.resize(kept);
    for (int i = 0; i < 20; ++i) {
      edges.push_back(
          {static_cast<std::uint32_t>(random.below(1010)), static_cast<std::uint32_t>(random.below(1010))});
    }
    const EdgeList graph(1010, edges);
    const Clusters after = clusters(graph, before);
    check_laws(graph, after, before.next);
    for (std::size_t l = 0; l < std::min(before.levels.size(), after.levels.size()); ++l) {
      std::size_t moved = 0;
      for (std::size_t place = 0; place < 1000; ++place) {
        moved += before.levels[l].of[place] != after.levels[l].of[place] ? 1 : 0;
      }
      CHECK(moved <= 30);
    }
    before = after;
  }
}

TEST_CASE("ids go to who has most of the places, and are not given again") {
  // Three cliques of 6, 5 and 4, two of which were one cluster.
  std::vector<EdgeList::Edge> edges;
  join_all(edges, 0, 6);
  join_all(edges, 6, 5);
  join_all(edges, 11, 4);
  const EdgeList graph(15, edges);
  Partition of{8, 8, 8, 8, 4, 4, 8, 8, 8, 8, 8, 3, 3, 4, 4};
  const Clusters result = clusters(graph, {.levels = {{.of = of, .count = 3}}, .next = 9});
  REQUIRE(result.levels.size() == 1);
  // Of 8 the first has four places, the second five. The last has two of 3 and two of 4.
  CHECK(result.levels[0].of == Partition{9, 9, 9, 9, 9, 9, 8, 8, 8, 8, 8, 3, 3, 3, 3});
  CHECK(result.next == 10);

  const Clusters late{.levels = {}, .next = no_cluster - 2};
  test::check_error<InvalidArgument>([&] { clusters(graph, late); }, {"ids of clusters are used up"});
  CHECK(clusters(graph, {.levels = {}, .next = no_cluster - 3}).next == no_cluster);
}

TEST_CASE("a meter stops it, and is told of every look at an edge") {
  Random random(7);
  const EdgeList graph(1000, planted(20, 8, 2, random));
  const Clusters whole = clusters(graph);
  std::size_t all = 0;
  CHECK(same(clusters(graph, {}, test::Budget{&all, std::numeric_limits<std::size_t>::max()}), whole));
  CHECK(all > 2 * 10'000 + 2 * 10'000);
  std::size_t before = 0;
  for (std::size_t limit = 1; limit < all; limit += all / 50) {
    std::size_t told = 0;
    const Clusters result = clusters(graph, {.levels = {}, .next = 5}, test::Budget{&told, limit});
    CHECK_FALSE(result.complete);
    CHECK(told < limit + 2000);
    CHECK(result.next >= 5);
    CHECK(result.levels.size() >= before);
    before = result.levels.size();
    for (std::size_t l = 0; l < result.levels.size(); ++l) {
      CHECK(canonical(result.levels[l].of) == canonical(whole.levels[l].of));
    }
  }
  CHECK(before > 0);
}

TEST_CASE("a meter is told of all looks") {
  std::size_t told = 0;
  clusters(EdgeList(2, {{0, 1}}), {}, test::Budget{&told, 100});
  // Two to copy the edge; of the first level two that join its ends and two that leave them so; one of the second.
  CHECK(told == 7);
}

TEST_CASE("where looks run out the laws hold all the same") {
  Random random(8);
  const auto limited = [](const EdgeList& graph, const Clusters& previous, std::size_t each) {
    UndirectedGraph copy;
    Unlimited meter;
    REQUIRE(copy_undirected(graph, meter, copy));
    return knowledge::detail::louvain(std::move(copy), previous, meter, {.each = each, .free = 0});
  };
  for (int round = 0; round < 50; ++round) {
    const EdgeList graph(100, test::random_edges(100, 300, true, random));
    const Clusters whole = clusters(graph);
    Clusters bad{.levels = {{}}, .next = 3};
    for (int place = 0; place < 100; ++place) {
      bad.levels[0].of.push_back(static_cast<std::uint32_t>(random.below(3)));
    }
    for (const std::size_t each : {0U, 1U, 2U, 3U, 100U}) {
      const Clusters result = limited(graph, {}, each);
      check_laws(graph, result);
      if (each == 0 || each == 100) CHECK(same(result, whole) == (each == 100));
      check_laws(graph, limited(graph, bad, each), bad.next);
    }
  }
  // Two hubs, whose leaves are alone: worse than if they were alone too.
  std::vector<EdgeList::Edge> edges{{0, 1}};
  Clusters hubs{.levels = {{.of = {0, 0}}}, .next = 30};
  for (std::uint32_t leaf = 2; leaf < 22; ++leaf) {
    edges.push_back({leaf % 2, leaf});
    hubs.levels[0].of.push_back(leaf);
  }
  const EdgeList stars(22, edges);
  check_laws(stars, limited(stars, hubs, 0), hubs.next);
}
