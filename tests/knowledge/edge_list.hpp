// The plainest graph, for tests of what reads one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/knowledge/adjacency.hpp"

namespace asterism::test {

/// An Adjacency over a list of edges. With a seed, steps come in another order each time.
class EdgeList {
 public:
  struct Edge {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    double weight = 1;
    std::uint16_t kind = 0;
  };

  /// The edges' ids are their positions in the list.
  EdgeList(std::size_t places, std::vector<Edge> edges, std::uint64_t seed = 0)
      : edges_(std::move(edges)), out_(places), in_(places), random_(seed), shuffles_(seed != 0) {
    for (std::uint32_t i = 0; i < edges_.size(); ++i) {
      out_[edges_[i].from].push_back({edges_[i].to, {i}, edges_[i].weight, edges_[i].kind});
      in_[edges_[i].to].push_back({edges_[i].from, {i}, edges_[i].weight, edges_[i].kind});
    }
  }

  const std::vector<Edge>& edges() const { return edges_; }
  std::size_t places() const { return out_.size(); }
  template <class F>
  void for_each_out(std::uint32_t place, F&& f) const {
    for (const knowledge::Step& step : in_some_order(out_[place])) f(step);
  }
  template <class F>
  void for_each_in(std::uint32_t place, F&& f) const {
    for (const knowledge::Step& step : in_some_order(in_[place])) f(step);
  }

 private:
  std::vector<knowledge::Step> in_some_order(std::vector<knowledge::Step> steps) const {
    for (std::size_t i = steps.size(); shuffles_ && i > 1; --i) std::swap(steps[i - 1], steps[random_.below(i)]);
    return steps;
  }

  std::vector<Edge> edges_;
  std::vector<std::vector<knowledge::Step>> out_;
  std::vector<std::vector<knowledge::Step>> in_;
  mutable Random random_;
  bool shuffles_;
};

static_assert(knowledge::Adjacency<EdgeList>);

/// Any edges, among them such from a place to itself and several of equal ends. Weights of 0.1 to 3.2, whose sums
/// depend on their order, or 1.
inline std::vector<EdgeList::Edge> random_edges(std::size_t places, std::size_t count, bool weighted,
                                                Random& random) {
  std::vector<EdgeList::Edge> edges(count);
  for (EdgeList::Edge& edge : edges) {
    edge.from = static_cast<std::uint32_t>(random.below(places));
    edge.to = static_cast<std::uint32_t>(random.below(places));
    if (weighted) edge.weight = 0.1 * static_cast<double>(1 + random.below(32));
  }
  return edges;
}

/// A meter that stops after so many edges, and counts all of which it is told.
struct Budget {
  std::size_t* told;
  std::size_t limit;
  bool operator()(std::size_t edges) const { return (*told += edges) < limit; }
};

}  // namespace asterism::test
