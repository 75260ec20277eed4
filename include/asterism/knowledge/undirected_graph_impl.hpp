// Bodies of undirected_graph.hpp.
#pragma once

#include <algorithm>
#include <utility>

#include "asterism/knowledge/undirected_graph.hpp"

namespace asterism::knowledge {

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

ASTERISM_INLINE double UndirectedGraph::modularity() const {
  double all = 0;
  double within = 0;
  double squares = 0;
  for (std::size_t node = 0; node < nodes(); ++node) {
    double degree = 0;
    for (std::size_t i = first[node]; i < first[node + 1]; ++i) {
      degree += weights[i];
      if (neighbours[i] == node) within += weights[i];
    }
    all += degree;
    squares += degree * degree;
  }
  return within / all - squares / (all * all);
}

ASTERISM_INLINE UndirectedGraph aggregate(const UndirectedGraph& graph, View<const std::uint32_t> labels,
                                          std::size_t count) {
  std::vector<std::size_t> first(count + 1);
  for (const std::uint32_t label : labels) {
    if (label != no_label) ++first[label + std::size_t{1}];
  }
  for (std::size_t i = 1; i <= count; ++i) first[i] += first[i - 1];
  std::vector<std::uint32_t> members(first.back());
  std::vector<std::size_t> next(first.begin(), first.end() - 1);
  for (std::uint32_t node = 0; node < labels.size; ++node) {
    if (labels[node] != no_label) members[next[labels[node]]++] = node;
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

}  // namespace asterism::knowledge
