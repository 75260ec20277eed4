// How near places of a graph are to some of them, by all ways there at once: personalised PageRank.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/adjacency.hpp"
#include "asterism/knowledge/place_map.hpp"

namespace asterism::knowledge {

/// Where walks begin, and how often in proportion: a weight above 0.
struct Seed {
  std::uint32_t place = 0;
  double weight = 1;
};

struct RankOptions {
  double damping = 0.5;  ///< the probability of going on along an edge, in [0, 1)
  double epsilon =
      1e-5;  ///< above 0: a place passes on what waits there if it is this much for each edge that leaves
  std::size_t count = std::numeric_limits<std::size_t>::max();  ///< of places in the result
};

struct Ranked {
  std::uint32_t place = 0;
  double score = 0;
  friend constexpr bool operator==(const Ranked&, const Ranked&) = default;
};

struct Ranking {
  std::vector<Ranked> places{};  ///< best first, of equal scores the lower place; scores above 0
  /// The share of walks that was not followed to the end. No score is above the true one, and what all scores together
  /// lack is this.
  double open = 0;
  bool complete = true;  ///< the meter did not stop it
};

namespace detail {

/// The seeds by place, their weights as shares of 1. InvalidArgument for a weight that is not above 0, and for a place
/// that the graph does not have.
std::vector<Seed> shares_of(std::size_t places, View<const Seed> seeds);

/// The sparse state of a push: the share of walks that wait at each place that was met, and of those that ended there.
class PushState {
 public:
  /// Throws InvalidArgument for numbers out of their range, and a place that the graph does not have.
  PushState(std::size_t places, View<const Seed> seeds, RankOptions options);

  /// Goes to the place whose walks go on next; false if there is none.
  bool next(std::uint32_t& place);
  /// How many edges leave that place. Returns whether its walks go on.
  bool worthwhile(std::size_t edges);
  /// Lets its walks end or go on along these steps, which it sorts.
  void push(std::vector<Step>& steps);
  Ranking ranking() const;

 private:
  struct Walks {
    double waiting = 0;
    double ended = 0;
    double enough = 0;  ///< to go on: epsilon for each edge that leaves, as far as their number is known
    bool queued = false;
  };

  void arrive(std::uint32_t place, double share);

  RankOptions options_;
  PlaceMap<Walks> walks_{};
  std::vector<std::uint32_t> queue_{};  ///< entries of `walks_`, from `head_` on
  std::size_t head_ = 0;
  std::uint32_t current_ = 0;
  double lost_ = 0;  ///< the share of walks that had to go on where no edge leaves
};

}  // namespace detail

/// Scores places by walks that begin at the seeds, go on along an edge with probability `damping`, chosen by weight,
/// and else end: a score is the share of walks that end at the place. A walk that has to go on where no edge leaves
/// begins again at a seed.
///
/// Walks are pushed on by whole shares while there is enough of them (Andersen, Chung, Lang: Local graph partitioning
/// using PageRank vectors, FOCS 2006), so that they follow at most 1 / (epsilon (1 - damping)) edges, however large the
/// graph; what then still waits at a place ends there, or is `open`. To know how many edges leave a place it walks
/// these too, unless the adjacency has `out_degree(place)`, their exact number. Takes memory for the places that it
/// meets. Deterministic. InvalidArgument for numbers out of their range, and for a place that the graph does not have.
template <Adjacency A, Meter M = Unlimited>
Ranking personalized_page_rank(const A& adjacency, View<const Seed> seeds, RankOptions options = {},
                               M meter = {}) {
  detail::PushState state(adjacency.places(), seeds, options);
  detail::Walk walk(adjacency, meter);
  std::vector<Step> steps;
  for (std::uint32_t place = 0; state.next(place);) {
    if constexpr (requires { adjacency.out_degree(place); }) {
      if (!state.worthwhile(adjacency.out_degree(place))) continue;
    }
    steps.clear();
    if (!walk.out(place, [&](const Step& step) { steps.push_back(step); })) break;
    if (state.worthwhile(steps.size())) state.push(steps);
  }
  Ranking ranking = state.ranking();
  ranking.complete = walk.finish();
  return ranking;
}

}  // namespace asterism::knowledge

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/rank_impl.hpp"
#endif
