// The Louvain method, level by level.
#pragma once

#include <algorithm>
#include <numeric>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/knowledge/clusters.hpp"
#include "asterism/knowledge/local_moving.hpp"

namespace asterism::knowledge::detail {

/// An earlier cluster, and how many of its places a later one has.
struct Common {
  std::uint32_t earlier = no_cluster;
  std::size_t places = 0;
};

/// For each of `count` groups of places the earlier cluster of which it has most, of several the lowest id.
inline std::vector<Common> most_common(const std::vector<std::uint32_t>& groups, std::size_t count,
                                       const std::vector<std::uint32_t>& earlier) {
  std::vector<std::uint64_t> pairs;
  for (std::size_t place = 0; place < std::min(groups.size(), earlier.size()); ++place) {
    if (groups[place] == no_cluster || earlier[place] == no_cluster) continue;
    pairs.push_back(std::uint64_t{groups[place]} << 32U | earlier[place]);
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<Common> most(count);
  for (std::size_t i = 0, end = 0; i < pairs.size(); i = end) {
    while (end < pairs.size() && pairs[end] == pairs[i]) ++end;
    Common& common = most[pairs[i] >> 32U];
    if (end - i > common.places) common = {static_cast<std::uint32_t>(pairs[i]), end - i};
  }
  return most;
}

/// Nodes that were in one cluster are so again, the others are alone. Labels ascend as ids do.
inline std::vector<std::uint32_t> labels_of(const std::vector<Common>& before) {
  std::vector<std::uint32_t> ids;
  for (const Common& common : before) {
    if (common.places > 0) ids.push_back(common.earlier);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::vector<std::uint32_t> labels;
  auto alone = static_cast<std::uint32_t>(ids.size());
  for (const Common& common : before) {
    const auto at = std::lower_bound(ids.begin(), ids.end(), common.earlier) - ids.begin();
    labels.push_back(common.places > 0 ? static_cast<std::uint32_t>(at) : alone++);
  }
  return labels;
}

/// Replaces the numbers of clusters, below `level.count`, by ids.
inline void give_ids(ClusterLevel& level, const std::vector<std::uint32_t>& earlier, std::uint32_t& next) {
  const std::vector<Common> most = most_common(level.of, level.count, earlier);
  std::vector<std::uint32_t> heirs(level.count);
  std::iota(heirs.begin(), heirs.end(), 0U);
  std::sort(heirs.begin(), heirs.end(), [&](std::uint32_t a, std::uint32_t b) {  // the best heir of an id first
    if (most[a].earlier != most[b].earlier) return most[a].earlier < most[b].earlier;
    return most[a].places != most[b].places ? most[a].places > most[b].places : a < b;
  });
  std::vector<std::uint32_t> ids(level.count, no_cluster);
  std::uint32_t last = no_cluster;
  for (const std::uint32_t heir : heirs) {
    if (most[heir].earlier != last) ids[heir] = most[heir].earlier;
    last = most[heir].earlier;
  }
  for (std::uint32_t& id : ids) {
    if (id != no_cluster) continue;
    if (next == no_cluster)
      throw InvalidArgument("all ids of clusters are used up: begin without a previous result");
    id = next++;
  }
  for (std::uint32_t& cluster : level.of) {
    if (cluster != no_cluster) cluster = ids[cluster];
  }
}

/// Clusters of nodes, numbered by their lowest place, and the graph of which they are the nodes.
struct Merged {
  std::vector<std::uint32_t> of{};  ///< by node; no_cluster for one without edges
  std::size_t count = 0;
  UndirectedGraph graph{};
};

/// False if the meter stopped it. places: nodes by place, no_cluster where none is.
inline bool merge_nodes(const UndirectedGraph& graph, const std::vector<std::uint32_t>& places,
                        std::vector<std::uint32_t> start, Work& work, Merged& merged) {
  LocalMoving moving(graph, std::move(start), work);
  if (!moving.run()) return false;
  std::vector<std::uint32_t> numbers(graph.nodes(), no_cluster);  // by label
  merged.count = 0;
  for (const std::uint32_t node : places) {
    if (node == no_cluster || moving.degrees()[node] == 0) continue;
    std::uint32_t& number = numbers[moving.labels()[node]];
    if (number == no_cluster) number = static_cast<std::uint32_t>(merged.count++);
  }
  merged.of.resize(graph.nodes());
  for (std::size_t node = 0; node < graph.nodes(); ++node) merged.of[node] = numbers[moving.labels()[node]];
  merged.graph = aggregate(graph, merged.of, merged.count);
  return true;
}

ASTERISM_INLINE Clusters louvain(UndirectedGraph graph, const Clusters& previous,
                                 const std::function<bool(std::size_t)>& goes_on, Looks looks) {
  const std::vector<std::uint32_t> nothing;
  const auto earlier = [&](std::size_t level) -> const std::vector<std::uint32_t>& {
    return level < previous.levels.size() ? previous.levels[level].of : nothing;
  };
  Work work{&goes_on, looks};
  Clusters result{.next = previous.next};
  std::vector<std::uint32_t> nodes(graph.nodes());  // by place
  std::iota(nodes.begin(), nodes.end(), 0U);
  for (;;) {
    std::vector<std::uint32_t> alone(graph.nodes());
    std::iota(alone.begin(), alone.end(), 0U);
    std::vector<std::uint32_t> start = labels_of(most_common(nodes, alone.size(), earlier(result.levels.size())));
    const bool starts_alone = start == alone;
    Merged merged;
    result.complete = merge_nodes(graph, nodes, std::move(start), work, merged);
    if (result.complete && !starts_alone && merged.graph.modularity() < graph.modularity()) {
      result.complete = merge_nodes(graph, nodes, std::move(alone), work, merged);
    }
    if (!result.complete || merged.count == 0) break;
    if (!result.levels.empty() && merged.count == graph.nodes()) break;
    graph = std::move(merged.graph);
    for (std::uint32_t& node : nodes) {
      if (node != no_cluster) node = merged.of[node];
    }
    result.levels.push_back({.of = nodes, .count = merged.count, .modularity = graph.modularity()});
  }
  if (work.walked != 0) work.goes_on();
  for (std::size_t l = 0; l < result.levels.size(); ++l) give_ids(result.levels[l], earlier(l), result.next);
  return result;
}

}  // namespace asterism::knowledge::detail
