// A graph without directions, as clusters are sought in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/adjacency.hpp"

namespace asterism::knowledge {

/// An undirected graph in compressed sparse rows: each edge is in the rows of both its ends, one from a node to itself
/// is there once, with twice the weight.
struct UndirectedGraph {
  std::vector<std::size_t> first{};  ///< row i is [first[i], first[i + 1])
  std::vector<std::uint32_t> neighbours{};
  std::vector<double> weights{};

  std::size_t nodes() const { return first.size() - 1; }
  View<const std::uint32_t> neighbours_of(std::size_t node) const {
    return {neighbours.data() + first[node], first[node + 1] - first[node]};
  }
  View<const double> weights_of(std::size_t node) const {
    return {weights.data() + first[node], first[node + 1] - first[node]};
  }

  /// Sorts each row, and makes one of the edges between the same two nodes.
  void merge_edges();
  /// The modularity of nodes that are alone (Newman, Girvan: Finding and evaluating community structure in networks,
  /// 2004).
  double modularity() const;
};

/// The label of a node without edges.
inline constexpr std::uint32_t no_label = ~std::uint32_t{0};

/// Makes one node of all nodes of a label. labels: by node, below `count`, or no_label for nodes without edges.
UndirectedGraph aggregate(const UndirectedGraph& graph, View<const std::uint32_t> labels, std::size_t count);

/// The places as nodes, both directions summed. False if the meter stopped it. Walks all edges twice.
template <Adjacency A, Meter M>
bool copy_undirected(const A& adjacency, M& meter, UndirectedGraph& graph) {
  detail::Walk walk(adjacency, meter);
  const auto places = static_cast<std::uint32_t>(adjacency.places());
  graph.first.assign(adjacency.places() + 1, 0);
  for (std::uint32_t place = 0; place < places; ++place) {
    walk.out(place, [&](const Step& step) {
      ++graph.first[place + std::size_t{1}];
      ++graph.first[step.place + std::size_t{1}];
    });
  }
  for (std::size_t i = 1; i <= places; ++i) graph.first[i] += graph.first[i - 1];
  graph.neighbours.resize(graph.first.back());
  graph.weights.resize(graph.first.back());
  std::vector<std::size_t> next(graph.first.begin(), graph.first.end() - 1);
  const auto add = [&](std::uint32_t from, std::uint32_t to, double weight) {
    graph.neighbours[next[from]] = to;
    graph.weights[next[from]++] = weight;
  };
  for (std::uint32_t place = 0; place < places; ++place) {
    walk.out(place, [&](const Step& step) {
      add(place, step.place, step.weight);
      add(step.place, place, step.weight);
    });
  }
  const bool complete = walk.finish();
  if (complete) graph.merge_edges();
  return complete;
}

}  // namespace asterism::knowledge

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/undirected_graph_impl.hpp"
#endif
