// One level of the Louvain method.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "asterism/knowledge/undirected_graph.hpp"

namespace asterism::knowledge::detail {

/// How many looks at edges a level may take to move nodes: `each` for each edge from both its ends, and `free` ones,
/// with which small graphs come to rest.
struct Looks {
  std::size_t each = 8;
  std::size_t free = 10'000'000;
};

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
      degrees_[node] = std::accumulate(graph.weights_of(node).begin(), graph.weights_of(node).end(), 0.0);
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
  bool move_nodes() {
    std::vector<std::uint32_t> queue(graph_->nodes());  // a ring: each node is in it at most once
    std::iota(queue.begin(), queue.end(), 0U);
    std::vector<char> queued(queue.size(), 1);
    std::size_t head = 0;
    for (std::size_t waiting = queue.size(); waiting > 0 && left_ > 0; --waiting) {
      const std::uint32_t node = queue[head];
      queued[node] = 0;
      if (!work_->goes_on()) return false;
      work_->walked = graph_->neighbours_of(node).size;
      left_ -= std::min(left_, work_->walked);
      if (move(node)) {
        moved_ = true;
        for (const std::uint32_t neighbour : graph_->neighbours_of(node)) {
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
    const View<const std::uint32_t> row = graph_->neighbours_of(node);
    for (std::size_t i = 0; i < row.size; ++i) {
      if (row[i] == node) continue;
      const std::uint32_t label = labels_[row[i]];
      if (weight_to_[label] == 0) touched_.push_back(label);
      weight_to_[label] += graph_->weights_of(node)[i];
    }
    totals_[own] -= degrees_[node];
    const double share = degrees_[node] / all_;
    const double stay = weight_to_[own] - share * totals_[own];
    double most = 0;  // what being alone gives
    std::uint32_t best = sizes_[own] == 1 ? own : no_label;
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
      if (best == no_label) {
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
        for (const std::uint32_t neighbour : graph_->neighbours_of(part[i])) {
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

}  // namespace asterism::knowledge::detail
