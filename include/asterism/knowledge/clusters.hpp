// Which places of a graph belong together, at several levels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/knowledge/adjacency.hpp"
#include "asterism/knowledge/local_moving.hpp"
#include "asterism/knowledge/undirected_graph.hpp"

namespace asterism::knowledge {

/// The id that no cluster has: of places without edges.
inline constexpr std::uint32_t no_cluster = no_label;

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

Clusters louvain(UndirectedGraph graph, const Clusters& previous, const std::function<bool(std::size_t)>& goes_on,
                 Looks looks = {});

}  // namespace detail

/// Clusters of high modularity, of the graph without directions: the weights of all edges between two places, of either
/// direction, are summed. The Louvain method (Blondel, Guillaume, Lambiotte, Lefebvre: Fast unfolding of communities in
/// large networks, 2008), which looks again at neighbours of places that moved before it does at all places, and splits
/// clusters that are not connected (why: Traag, Waltman, van Eck: From Louvain to Leiden, 2019). A level ends when no
/// place moves. In graphs of millions of edges it also ends after eight looks at each, though some places might still
/// move: without any communities that would take very many.
///
/// Every cluster is connected; modularity is at least that of single places, and no lower than at the level below. With
/// the `previous` result each level starts from that one's; places that are not there are alone at first. A cluster
/// keeps the id that most of its places had at that level, unless another one has more of those; other ids are above
/// all earlier ones. No id is given twice, at whatever level. Deterministic: ties go to the lower id, of clusters that
/// have none yet to the lower place.
///
/// Takes about 30 bytes an edge and 90 a place while it works. Meters count an edge at every look from one of its ends.
/// InvalidArgument if ids run out.
template <Adjacency A, Meter M = Unlimited>
Clusters clusters(const A& adjacency, const Clusters& previous = {}, M meter = {}) {
  UndirectedGraph graph;
  if (!copy_undirected(adjacency, meter, graph)) return {.next = previous.next, .complete = false};
  return detail::louvain(std::move(graph), previous, std::ref(meter));
}

}  // namespace asterism::knowledge

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/clusters_impl.hpp"
#endif
