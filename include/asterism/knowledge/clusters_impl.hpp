// The Louvain method, level by level.
#pragma once

#include <algorithm>
#include <numeric>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/knowledge/clusters.hpp"

namespace asterism::knowledge::detail {

ASTERISM_INLINE void UndirectedGraph::merge_edges() {
  std::vector<std::pair<std::uint32_t, double>> row;
  std::size_t out = 0;
  for (std::size_t node = 0; node < nodes(); ++node) {
    row.clear();
    for (std::size_t i = first[node]; i < first[node + 1]; ++i) row.emplace_back(neighbours[i], weights[i]);
    std::sort(row.begin(), row.end());  // by weight too: a sum depends on its order
    first[node] = out;
    for (const auto& [neighbour, weight] : row) {
      if (out > first[node] && neighbours[out - 1] == neighbour) {
        weights[out - 1] += weight;
      } else {
        neighbours[out] = neighbour;
        weights[out++] = weight;
      }
    }
  }
  first.back() = out;
  neighbours.resize(out);
  weights.resize(out);
}

/// Asks a meter, and says how far each level may go.
struct Work {
  const std::function<bool(std::size_t)>* meter;
  Looks looks;
  std::size_t walked = 0;

  bool goes_on() { return (*meter)(std::exchange(walked, 0)); }
};

/// Moves nodes of one level's graph between clusters for as long as modularity grows.
class LocalMoving {
 public:
  /// labels: the clusters to start from, below the number of nodes.
  LocalMoving(const UndirectedGraph& graph, std::vector<std::uint32_t> labels, Work& work)
      : graph_(&graph), work_(&work), labels_(std::move(labels)) {
    degrees_.resize(graph.nodes());
    totals_.resize(graph.nodes());
    sizes_.resize(graph.nodes());
    weight_to_.resize(graph.nodes());
    for (std::uint32_t node = 0; node < graph.nodes(); ++node) {
      degrees_[node] = std::accumulate(weights(node).begin(), weights(node).end(), 0.0);
      totals_[labels_[node]] += degrees_[node];
      ++sizes_[labels_[node]];
      all_ += degrees_[node];
    }
    for (std::size_t label = graph.nodes(); label-- > 0;) {
      if (sizes_[label] == 0) empty_.push_back(static_cast<std::uint32_t>(label));
    }
  }

  /// Until no node moves, or all looks are taken, and all clusters are connected. False if the meter stopped it.
  bool run() {
    left_ = work_->looks.free + work_->looks.each * graph_->neighbours.size();
    do {
      do {
        moved_ = false;
        if (!move_nodes()) return false;
      } while (moved_);  // a move matters to more nodes than to its neighbours
    } while (split());
    return true;
  }

  const std::vector<std::uint32_t>& labels() const { return labels_; }
  const std::vector<double>& degrees() const { return degrees_; }

 private:
  View<const std::uint32_t> neighbours(std::uint32_t node) const {
    return {graph_->neighbours.data() + graph_->first[node], graph_->first[node + 1] - graph_->first[node]};
  }
  View<const double> weights(std::uint32_t node) const {
    return {graph_->weights.data() + graph_->first[node], graph_->first[node + 1] - graph_->first[node]};
  }

  bool move_nodes() {
    std::vector<std::uint32_t> queue(graph_->nodes());  // a ring: each node is in it at most once
    std::iota(queue.begin(), queue.end(), 0U);
    std::vector<char> queued(queue.size(), 1);
    std::size_t head = 0;
    for (std::size_t waiting = queue.size(); waiting > 0 && left_ > 0; --waiting) {
      const std::uint32_t node = queue[head];
      queued[node] = 0;
      if (!work_->goes_on()) return false;
      work_->walked = neighbours(node).size;
      left_ -= std::min(left_, work_->walked);
      if (move(node)) {
        moved_ = true;
        for (const std::uint32_t neighbour : neighbours(node)) {
          if (queued[neighbour] != 0 || labels_[neighbour] == labels_[node]) continue;
          queued[neighbour] = 1;
          queue[(head + waiting++) % queue.size()] = neighbour;
        }
      }
      head = (head + 1) % queue.size();
    }
    return true;
  }

  /// To the cluster where modularity is highest; stays unless it grows there.
  bool move(std::uint32_t node) {
    const std::uint32_t own = labels_[node];
    const View<const std::uint32_t> row = neighbours(node);
    for (std::size_t i = 0; i < row.size; ++i) {
      if (row[i] == node) continue;
      const std::uint32_t label = labels_[row[i]];
      if (weight_to_[label] == 0) touched_.push_back(label);
      weight_to_[label] += weights(node)[i];
    }
    totals_[own] -= degrees_[node];
    const double share = degrees_[node] / all_;
    const double stay = weight_to_[own] - share * totals_[own];
    double most = 0;  // what being alone gives
    std::uint32_t best = sizes_[own] == 1 ? own : no_cluster;
    for (const std::uint32_t label : touched_) {
      const double gain = weight_to_[label] - share * totals_[label];
      if (gain > most || (gain == most && label < best)) {
        most = gain;
        best = label;
      }
      weight_to_[label] = 0;
    }
    touched_.clear();
    // By more than sums are rounded, so that nodes don't move for ever.
    const bool moves = most > stay + 1e-10 * degrees_[node];
    if (moves) {
      if (best == no_cluster) {
        best = empty_.back();
        empty_.pop_back();
      }
      if (--sizes_[own] == 0) empty_.push_back(own);
      ++sizes_[best];
      labels_[node] = best;
    }
    totals_[labels_[node]] += degrees_[node];
    return moves;
  }

  /// Gives parts of clusters that are not connected labels of their own. False if there are none.
  bool split() {
    bool any = false;
    std::vector<char> seen(graph_->nodes());      // by node
    std::vector<char> has_part(graph_->nodes());  // by label
    std::vector<std::uint32_t> part;
    for (std::uint32_t node = 0; node < graph_->nodes(); ++node) {
      if (seen[node] != 0) continue;
      part.assign(1, node);
      seen[node] = 1;
      for (std::size_t i = 0; i < part.size(); ++i) {
        for (const std::uint32_t neighbour : neighbours(part[i])) {
          if (seen[neighbour] != 0 || labels_[neighbour] != labels_[node]) continue;
          seen[neighbour] = 1;
          part.push_back(neighbour);
        }
      }
      const std::uint32_t label = labels_[node];
      if (has_part[label] != 0) {
        any = true;
        for (const std::uint32_t member : part) relabel(member, empty_.back());
        empty_.pop_back();
      }
      has_part[label] = 1;
    }
    return any;
  }
  void relabel(std::uint32_t node, std::uint32_t label) {
    totals_[labels_[node]] -= degrees_[node];
    --sizes_[labels_[node]];
    totals_[label] += degrees_[node];
    ++sizes_[label];
    labels_[node] = label;
  }

  const UndirectedGraph* graph_;
  Work* work_;
  std::vector<std::uint32_t> labels_;
  std::vector<double> degrees_{};       // by node
  std::vector<double> totals_{};        // by label: of the degrees
  std::vector<std::uint32_t> sizes_{};  // by label: nodes
  std::vector<std::uint32_t> empty_{};  // labels without nodes
  std::vector<double> weight_to_{};     // by label: of a node's edges; zeros between moves
  std::vector<std::uint32_t> touched_{};
  double all_ = 0;        // the sum of all degrees
  std::size_t left_ = 0;  // looks
  bool moved_ = false;
};

/// The modularity of nodes that are alone.
inline double modularity_of_nodes(const UndirectedGraph& graph) {
  double all = 0;
  double within = 0;
  double squares = 0;
  for (std::size_t node = 0; node < graph.nodes(); ++node) {
    double degree = 0;
    for (std::size_t i = graph.first[node]; i < graph.first[node + 1]; ++i) {
      degree += graph.weights[i];
      if (graph.neighbours[i] == node) within += graph.weights[i];
    }
    all += degree;
    squares += degree * degree;
  }
  return within / all - squares / (all * all);
}

/// The clusters become nodes. labels: below `count`, or no_cluster for nodes without edges.
inline UndirectedGraph aggregate(const UndirectedGraph& graph, const std::vector<std::uint32_t>& labels,
                                 std::size_t count) {
  std::vector<std::size_t> first(count + 1);
  for (const std::uint32_t label : labels) {
    if (label != no_cluster) ++first[label + std::size_t{1}];
  }
  for (std::size_t i = 1; i <= count; ++i) first[i] += first[i - 1];
  std::vector<std::uint32_t> members(first.back());
  std::vector<std::size_t> next(first.begin(), first.end() - 1);
  for (std::uint32_t node = 0; node < labels.size(); ++node) {
    if (labels[node] != no_cluster) members[next[labels[node]]++] = node;
  }
  UndirectedGraph sums;
  sums.first.assign(1, 0);
  std::vector<double> weight_to(count);
  std::vector<std::uint32_t> row;
  for (std::size_t label = 0; label < count; ++label) {
    row.clear();
    for (std::size_t m = first[label]; m < first[label + 1]; ++m) {
      for (std::size_t i = graph.first[members[m]]; i < graph.first[members[m] + std::size_t{1}]; ++i) {
        const std::uint32_t to = labels[graph.neighbours[i]];
        if (weight_to[to] == 0) row.push_back(to);
        weight_to[to] += graph.weights[i];
      }
    }
    std::sort(row.begin(), row.end());
    for (const std::uint32_t to : row) {
      sums.neighbours.push_back(to);
      sums.weights.push_back(std::exchange(weight_to[to], 0.0));
    }
    sums.first.push_back(sums.neighbours.size());
  }
  return sums;
}

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
    if (result.complete && !starts_alone && modularity_of_nodes(merged.graph) < modularity_of_nodes(graph)) {
      result.complete = merge_nodes(graph, nodes, std::move(alone), work, merged);
    }
    if (!result.complete || merged.count == 0) break;
    if (!result.levels.empty() && merged.count == graph.nodes()) break;
    graph = std::move(merged.graph);
    for (std::uint32_t& node : nodes) {
      if (node != no_cluster) node = merged.of[node];
    }
    result.levels.push_back({.of = nodes, .count = merged.count, .modularity = modularity_of_nodes(graph)});
  }
  if (work.walked != 0) work.goes_on();
  for (std::size_t l = 0; l < result.levels.size(); ++l) give_ids(result.levels[l], earlier(l), result.next);
  return result;
}

}  // namespace asterism::knowledge::detail
