// Edges between nodes whose vectors are alike.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/selection.hpp"
#include "asterism/knowledge/snapshot.hpp"

namespace asterism::knowledge {

/// Which nodes are alike enough.
struct AlikeOptions {
  std::size_t most = 5;  ///< edges from one node
  double least = 0.7;    ///< cosine, above 0
  NodeQuery among{};     ///< which nodes are linked at all
};

/// What `link_alike` changed; all of it waits for a commit.
struct AlikeLinked {
  std::size_t added = 0;
  std::size_t changed = 0;  ///< got another weight
  std::size_t removed = 0;
};

/// Makes the edges of one kind from each of `nodes` those to the nodes most like it in the last version: best first, at
/// most `options.most`, with the cosine as weight, each called by `source`. Edges of that kind that came from another
/// source stay as they are, and none is added beside them. Nodes that are not there, or have no vector, get none.
/// InvalidArgument for a functional kind, for options out of range, and where the schema does not connect two nodes
/// that are alike so.
///
/// So neighbours, paths and ranks follow likeness as they follow what is said. For the writer of the graph.
template <class Graph>
AlikeLinked link_alike(Graph& graph, View<const NodeId> nodes, typename Graph::EdgeKind kind,
                       const AlikeOptions& options = {}, std::string_view source = "alike") {
  if (Graph::Schema::functional(kind)) {
    throw InvalidArgument(concat("edges of the kind '", Graph::Schema::name_of(kind),
                                 "' exclude each other: a node is like several"));
  }
  if (!(options.least > 0))
    throw InvalidArgument(concat("alike: the least cosine is ", options.least, ", not above 0"));
  const auto snapshot = graph.snapshot();
  const Selection among = snapshot.select(options.among);
  AlikeLinked done;
  for (const NodeId id : nodes) {
    const std::optional<Node> node = graph.node_now(id);
    if (!node) continue;
    std::vector<Edge> old;
    for (const Edge& edge : graph.edges_at(id)) {
      if (edge.from == id && edge.kind == number(kind)) old.push_back(edge);
    }
    std::vector<Scored> alike;
    if (!node->vector.empty() && among.allows(id)) {
      const std::size_t wanted = std::min<std::uint64_t>(std::uint64_t{options.most} + 1, among.count());
      alike = snapshot.search(View<const float>(node->vector), wanted, among).hits;
      std::erase_if(alike, [&](const Scored& one) { return one.id == id || one.score < options.least; });
      if (alike.size() > options.most) alike.pop_back();
    }
    for (const Scored& one : alike) {
      const auto same = std::find_if(old.begin(), old.end(), [&](const Edge& edge) { return edge.to == one.id; });
      if (same == old.end()) {
        graph.link(
            {.from = id, .kind = number(kind), .to = one.id, .weight = one.score, .source = std::string(source)});
        ++done.added;
        continue;
      }
      if (same->source == source && same->weight != one.score) {
        same->weight = one.score;
        graph.link(*same);
        ++done.changed;
      }
      old.erase(same);
    }
    for (const Edge& edge : old) {
      if (edge.source == source) done.removed += graph.erase(edge.id) ? 1 : 0;
    }
  }
  return done;
}

}  // namespace asterism::knowledge
