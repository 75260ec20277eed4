// Clusters of a graph's nodes, at several levels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "asterism/knowledge/clusters.hpp"
#include "asterism/knowledge/types.hpp"

namespace asterism::knowledge {

/// Which nodes of a version belong together. Level 0 is the finest; each cluster is a union of clusters of the level
/// below. Immutable.
class NodeClusters {
 public:
  NodeClusters() = default;
  /// `nodes` has the node of each place.
  NodeClusters(Version version, std::vector<NodeId> nodes, Clusters found)
      : version_(version), nodes_(std::move(nodes)), found_(std::move(found)) {
    for (std::uint32_t place = 0; place < nodes_.size(); ++place) {
      if (nodes_[place] != no_node) place_of_[nodes_[place]] = place;
    }
  }

  Version version() const { return version_; }
  std::size_t levels() const { return found_.levels.size(); }
  std::size_t count(std::size_t level) const { return found_.levels[level].count; }
  double modularity(std::size_t level) const { return found_.levels[level].modularity; }
  bool complete() const { return found_.complete; }

  /// The cluster of a node at a level; no_cluster for one without edges, or that the version lacks.
  std::uint32_t of(NodeId id, std::size_t level) const {
    const auto place = place_of_.find(id);
    return place == place_of_.end() ? no_cluster : found_.levels[level].of[place->second];
  }
  /// The nodes of each cluster of a level, ascending.
  std::map<std::uint32_t, std::vector<NodeId>> members(std::size_t level) const {
    std::map<std::uint32_t, std::vector<NodeId>> all;
    for (const auto& [id, place] : place_of_) {
      const std::uint32_t cluster = found_.levels[level].of[place];
      if (cluster != no_cluster) all[cluster].push_back(id);
    }
    return all;
  }

  /// The same clusters for other places: what no node has any more is left out.
  Clusters moved_to(const std::vector<NodeId>& nodes) const {
    Clusters moved{.next = found_.next};
    for (const ClusterLevel& level : found_.levels) {
      ClusterLevel& to = moved.levels.emplace_back();
      to.count = level.count;
      for (const NodeId id : nodes) {
        const auto place = place_of_.find(id);
        to.of.push_back(place == place_of_.end() ? no_cluster : level.of[place->second]);
      }
    }
    return moved;
  }

 private:
  Version version_{};
  std::vector<NodeId> nodes_{};
  Clusters found_{};
  std::map<NodeId, std::uint32_t> place_of_{};
};

}  // namespace asterism::knowledge
