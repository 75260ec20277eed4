// The contract of a walk, which finds what lies near some nodes of a graph.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/view.hpp"
#include "asterism/knowledge/adjacency.hpp"
#include "asterism/knowledge/rank.hpp"

namespace asterism::knowledge {

namespace detail {

/// An Adjacency without places, which a walk may be asked about.
struct NoPlaces {
  std::size_t places() const { return 0; }
  template <class F>
  void for_each_out(std::uint32_t /*place*/, F&& /*f*/) const {}
  template <class F>
  void for_each_in(std::uint32_t /*place*/, F&& /*f*/) const {}
};

}  // namespace detail

namespace needs {

template <class W>
concept rank = requires(const W& walk, const detail::NoPlaces& graph, View<const Seed> seeds, std::size_t count) {
  { walk.rank(graph, seeds, count, Unlimited{}) } -> std::same_as<Ranking>;
};

}  // namespace needs

/// A walk ranks the places of a graph by how near they are to some of them.
///
/// 1. `rank(graph, seeds, count, meter)`: the `count` nearest of any Adjacency, with scores above 0, best first, of
///    equal scores the lower place; no others than those that edges join with a seed, in whatever direction. Without
///    seeds, none. Throws InvalidArgument for a seed that the graph does not have, or without a weight above 0.
/// 2. The same graph, seeds and count give the same ranking, whatever the order of edges and seeds.
/// 3. Once the meter says no it goes no further, and the ranking says that it is not complete.
/// 4. May be called from several threads at once.
///
/// Models: knowledge::PageRank, knowledge::AttentionWalk.
template <class W>
concept WalkPolicy = needs::rank<W>;

/// Where walks began, and where they should have ended: what a walk may learn from.
struct WalkExample {
  std::vector<Seed> seeds{};
  std::vector<std::uint32_t> wanted{};  ///< places
};

/// Personalised PageRank along edges. Models WalkPolicy.
struct PageRank {
  double damping = 0.5;  ///< see RankOptions
  double epsilon = 1e-5;

  template <Adjacency A, Meter M>
  Ranking rank(const A& graph, View<const Seed> seeds, std::size_t count, M meter) const {
    if (seeds.size == 0) return {};
    return personalized_page_rank(graph, seeds, {.damping = damping, .epsilon = epsilon, .count = count}, meter);
  }
};

static_assert(WalkPolicy<PageRank>);

}  // namespace asterism::knowledge
