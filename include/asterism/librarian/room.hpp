// Room in a graph that is full: what is worth least goes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/librarian/concept.hpp"

namespace asterism::librarian::detail {

/// True of a node that was pinned meanwhile, and of a thing of which facts are left: they go first.
template <class Graph>
bool stays(const Graph& graph, knowledge::NodeId id) {
  const std::optional<knowledge::Node> node = graph.node_now(id);
  if (!node || node->pinned) return true;
  const std::vector<knowledge::Edge> edges = graph.edges_at(id);
  return std::any_of(edges.begin(), edges.end(), [&](const knowledge::Edge& edge) {
    return edge.from == id && (Graph::Snapshot::fact_kinds >> edge.kind & 1U) != 0;
  });
}

/// Evicts what is worth least, a hundredth of the graph's room at once, until a batch fits beside the values that kept
/// versions have. Nodes that the batch is `about` stay, and so do pinned ones. Returns how many went; KnowledgeFull if
/// too few may.
template <EvictionPolicy Eviction, class Graph, class Members>
std::size_t make_room(Graph& graph, Members& members, std::size_t batch, const std::set<knowledge::NodeId>& about,
                      knowledge::Time now) {
  const std::size_t limit = graph.limits().nodes;
  const std::size_t live = graph.live_nodes();
  const std::size_t most = limit - std::max<std::size_t>(limit / 10, std::min<std::size_t>(limit / 2, 8));
  const bool nodes = live + 2 * batch > most;
  if (!nodes && graph.fullness() < 0.9) return 0;
  const std::size_t wanted = std::max({nodes ? live + 2 * batch - most : 0, limit / 100, std::size_t{1}});
  struct Candidate {
    double worth;
    knowledge::NodeId id;
    bool operator<(const Candidate& other) const {
      return worth != other.worth ? worth < other.worth : id < other.id;
    }
  };
  const auto snapshot = graph.snapshot();
  std::vector<Candidate> candidates;
  snapshot.for_each_node([&](const knowledge::Node& node) {
    if (node.pinned || node.merged_into != knowledge::no_node || about.count(node.id) != 0) return;
    candidates.push_back({0, node.id});
  });
  for (Candidate& one : candidates) {
    one.worth = Eviction::worth(*snapshot.node(one.id), snapshot.use(one.id), now);
  }
  std::sort(candidates.begin(), candidates.end());
  std::size_t gone = 0;
  for (const Candidate& one : candidates) {
    if (gone >= wanted) break;
    if (!stays(graph, one.id)) gone += members.erase(one.id);
  }
  if (nodes && gone < wanted && live - gone + 2 * batch > limit) {
    throw knowledge::KnowledgeFull(concat("the graph has room for ", limit,
                                          " nodes, and what is left is pinned: unpin some, or "
                                          "make its limits larger"));
  }
  return gone;
}

}  // namespace asterism::librarian::detail
