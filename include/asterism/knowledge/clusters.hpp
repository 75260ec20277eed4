// Which places of a graph belong together, at several levels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/knowledge/adjacency.hpp"

namespace asterism::knowledge {

/// The id that no cluster has: of places without edges.
inline constexpr std::uint32_t no_cluster = ~std::uint32_t{0};

struct ClusterLevel {
  std::vector<std::uint32_t> of{};  ///< by place: its cluster's id
  std::size_t count = 0;            ///< of clusters
  double modularity = 0;            ///< -0.5 to 1
};

struct Clusters {
  std::vector<ClusterLevel> levels{};  ///< finest first, each cluster a union of clusters of the level below
  std::uint32_t next = 0;              ///< above every id that was ever given, at any level
  bool complete = true;                ///< the meter did not stop it; else the levels that are there are whole
};

namespace detail {

/// An undirected graph in compressed sparse rows, each edge in the rows of both its ends, one from a node to itself once
/// and of twice the weight.
struct UndirectedGraph {
  std::vector<std::size_t> first{};  ///< row i is [first[i], first[i + 1])
  std::vector<std::uint32_t> neighbours{};
  std::vector<double> weights{};

  std::size_t nodes() const { return first.size() - 1; }
  /// Sorts each row, and makes one of the edges between the same two nodes.
  void merge_edges();
};

/// How many looks at edges a level may take to move nodes: `each` for each edge from both its ends, and `free` ones,
/// with which small graphs come to rest.
struct Looks {
  std::size_t each = 8;
  std::size_t free = 10'000'000;
};

Clusters louvain(UndirectedGraph graph, const Clusters& previous, const std::function<bool(std::size_t)>& goes_on,
                 Looks looks = {});

/// False if the meter stopped it.
template <Adjacency A, Meter M>
bool copy_undirected(const A& adjacency, M& meter, UndirectedGraph& graph) {
  Walk walk(adjacency, meter);
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
  return walk.finish();
}

}  // namespace detail

/// Clusters of high modularity, of the graph without directions: the weights of all edges between two places, of either
/// direction, are summed. The Louvain method (Blondel, Guillaume, Lambiotte, Lefebvre: Fast unfolding of communities in
/// large networks, 2008), which looks again at neighbours of places that moved before it does at all, and splits clusters
/// that are not connected (for which see Traag, Waltman, van Eck: From Louvain to Leiden, 2019). A level ends when no
/// place moves, or after eight looks at each edge where these are more than some millions: a graph of that size without
/// any communities would take very many.
///
/// Every cluster is connected; modularity is at least that of single places, and no lower than at the level below. With
/// the `previous` result for a graph of which this one has the places, each level starts from its level; its places may
/// be fewer. A cluster keeps the id that most of its places had there at that level, unless one that has more of these
/// does; other ids are above all earlier ones. No id is given twice, at whatever level. Deterministic: ties go to the
/// lower id, of clusters that have none yet to the lower place.
///
/// Takes about 30 bytes an edge and 90 a place while it works. Meters count an edge at every look from one of its ends.
/// InvalidArgument if ids run out.
template <Adjacency A, Meter M = Unlimited>
Clusters clusters(const A& adjacency, const Clusters& previous = {}, M meter = {}) {
  detail::UndirectedGraph graph;
  if (!detail::copy_undirected(adjacency, meter, graph)) return {.next = previous.next, .complete = false};
  graph.merge_edges();
  return detail::louvain(std::move(graph), previous, std::ref(meter));
}

}  // namespace asterism::knowledge

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/clusters_impl.hpp"
#endif
