#include "asterism/knowledge/undirected_graph.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "edge_list.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using test::EdgeList;

namespace {

using Sums = std::map<std::pair<std::uint32_t, std::uint32_t>, double>;

/// Checks that rows ascend, too.
Sums sums_of(const UndirectedGraph& graph) {
  Sums sums;
  for (std::uint32_t node = 0; node < graph.nodes(); ++node) {
    const View<const std::uint32_t> row = graph.neighbours_of(node);
    for (std::size_t i = 0; i < row.size; ++i) {
      if (i > 0) CHECK(row[i - 1] < row[i]);
      sums[{node, row[i]}] = graph.weights_of(node)[i];
    }
  }
  return sums;
}

}  // namespace

TEST_CASE("edges of both directions are summed, of single nodes and of labels") {
  Random random(1);
  for (int round = 0; round < 50; ++round) {
    const std::size_t places = 1 + random.below(20);
    std::vector<EdgeList::Edge> edges = test::random_edges(places, random.below(60), false, random);
    std::vector<std::uint32_t> labels(places, no_label);
    for (EdgeList::Edge& edge : edges) {
      edge.weight = static_cast<double>(1 + random.below(9));
      labels[edge.from] = static_cast<std::uint32_t>(edge.from % 5);
      labels[edge.to] = static_cast<std::uint32_t>(edge.to % 5);
    }
    Sums single;
    Sums merged;
    double all = 0;
    for (const EdgeList::Edge& edge : edges) {
      single[{edge.from, edge.to}] += edge.weight;
      single[{edge.to, edge.from}] += edge.weight;
      merged[{edge.from % 5, edge.to % 5}] += edge.weight;
      merged[{edge.to % 5, edge.from % 5}] += edge.weight;
      all += 2 * edge.weight;
    }
    UndirectedGraph graph;
    std::size_t told = 0;
    test::Budget meter{&told, 1000};
    REQUIRE(copy_undirected(EdgeList(places, edges, 7), meter, graph));
    CHECK(told == 2 * edges.size());
    CHECK(graph.nodes() == places);
    CHECK(sums_of(graph) == single);
    const UndirectedGraph five = aggregate(graph, View<const std::uint32_t>(labels), 5);
    CHECK(five.nodes() == 5);
    CHECK(sums_of(five) == merged);
    if (edges.empty()) continue;
    double modularity = 0;
    for (std::uint32_t node = 0; node < 5; ++node) {
      double degree = 0;
      for (std::uint32_t other = 0; other < 5; ++other) degree += merged[{node, other}];
      modularity += merged[{node, node}] / all - degree / all * (degree / all);
    }
    CHECK(five.modularity() == doctest::Approx(modularity));
  }
  UndirectedGraph graph;
  std::size_t told = 0;
  test::Budget meter{&told, 3};
  CHECK_FALSE(copy_undirected(EdgeList(3, {{0, 1}, {1, 2}, {2, 0}}), meter, graph));
}
