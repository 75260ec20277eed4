// A walk that attends to neighbours by the kind and direction of the edges between, as experience taught it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/adjacency.hpp"
#include "asterism/knowledge/place_map.hpp"
#include "asterism/knowledge/rank.hpp"
#include "asterism/knowledge/walk.hpp"

namespace asterism::knowledge {

struct AttentionOptions {
  std::uint64_t kinds = ~std::uint64_t{0};  ///< of edges to follow, as bits; of 64 at most
  std::size_t hops = 2;                     ///< times that the layer is applied, 1 to 8
  std::size_t widest = 256;  ///< places that pass on what they have, at each hop: those that have most
};

namespace detail {

/// What each place has of the walks, and how that changes with each logit.
class AttentionState {
 public:
  /// `slopes`: how many logits derivatives are kept of; 0 for ranking alone.
  AttentionState(std::size_t places, View<const Seed> seeds, std::size_t slopes);

  /// The places that pass on next, at most `widest`; what the others have stays with them.
  std::vector<std::uint32_t> begin_hop(std::size_t widest);
  /// Passes on what a place has: some stays, the rest goes along the steps, `logit_of` them by kind and direction.
  struct Edge {
    std::uint32_t place;
    std::uint32_t feature;
    double weight;
  };
  void pass(std::uint32_t place, View<const Edge> edges, View<const double> logits);
  void end();

  Ranking ranking(std::size_t count) const;
  /// Adds to `slope` how the mean log score of the places wanted changes with each logit; returns that mean.
  double learn(View<const std::uint32_t> wanted, std::vector<double>& slope) const;

 private:
  struct Share {
    double value = 0;
    std::vector<double> slope{};
    void add(double value, double factor, View<const double> from);
  };
  void settle(std::uint32_t place, const Share& share);

  std::size_t slopes_;
  PlaceMap<Share> ended_{};
  PlaceMap<Share> waiting_{};
  PlaceMap<Share> arriving_{};
};

}  // namespace detail

/// One layer of attention over neighbours, applied some times: what a place has stays there, or goes to its neighbours,
/// in proportion to a softmax over its edges, of their weights and of one logit for each kind and direction; the logit
/// of staying is 0. A score is the share that ends at a place. With all logits 0, as made, edges count as they weigh.
/// `learn` climbs from there to logits by which the places wanted get most. Models WalkPolicy.
///
/// Memory: of the places that it meets, while it learns with 128 numbers each.
class AttentionWalk {
 public:
  static constexpr std::size_t features = 128;  ///< kinds, along and against their edges

  /// InvalidArgument for options out of range.
  explicit AttentionWalk(AttentionOptions options = {});

  double logit(std::uint16_t kind, bool along) const { return logits_[feature(kind, along)]; }
  void set_logit(std::uint16_t kind, bool along, double logit) { logits_[feature(kind, along)] = logit; }

  template <Adjacency A, Meter M>
  Ranking rank(const A& graph, View<const Seed> seeds, std::size_t count, M meter) const {
    if (seeds.size == 0) return {};
    detail::AttentionState state(graph.places(), seeds, 0);
    const bool complete = flow(graph, state, meter);
    Ranking ranking = state.ranking(count);
    ranking.complete = complete;
    return ranking;
  }

  /// Climbs `steps` times, each by all examples; returns the mean log score that the places wanted had at last, before
  /// the last step. Examples without seeds or places wanted are passed over. Deterministic.
  template <Adjacency A>
  double learn(const A& graph, View<const WalkExample> examples, std::size_t steps = 60) {
    std::vector<double> first(features);
    std::vector<double> second(features);
    double mean = 0;
    for (std::size_t step = 1; step <= steps; ++step) {
      std::vector<double> slope(features);
      double sum = 0;
      std::size_t count = 0;
      for (const WalkExample& example : examples) {
        if (example.seeds.empty() || example.wanted.empty()) continue;
        detail::AttentionState state(graph.places(), View<const Seed>(example.seeds), features);
        Unlimited unlimited;
        flow(graph, state, unlimited);
        sum += state.learn(View<const std::uint32_t>(example.wanted), slope);
        ++count;
      }
      if (count == 0) return 0;
      mean = sum / static_cast<double>(count);
      climb(slope, static_cast<double>(count), step, first, second);
    }
    return mean;
  }

 private:
  static std::size_t feature(std::uint16_t kind, bool along) { return 2 * std::size_t{kind} + (along ? 0 : 1); }

  template <Adjacency A, Meter M>
  bool flow(const A& graph, detail::AttentionState& state, M& meter) const {
    detail::Walk walk(graph, meter);
    std::vector<detail::AttentionState::Edge> edges;
    for (std::size_t hop = 0; hop < options_.hops; ++hop) {
      for (const std::uint32_t place : state.begin_hop(options_.widest)) {
        edges.clear();
        const auto take = [&](const Step& step, bool along) {
          if (step.kind < 64 && (options_.kinds >> step.kind & 1U) != 0 && step.place != place) {
            edges.push_back({step.place, static_cast<std::uint32_t>(feature(step.kind, along)), step.weight});
          }
        };
        walk.out(place, [&](const Step& step) { take(step, true); });
        walk.in(place, [&](const Step& step) { take(step, false); });
        state.pass(place, View<const detail::AttentionState::Edge>(edges), View<const double>(logits_));
      }
    }
    state.end();
    return walk.finish();
  }
  /// One step up by Adam (Kingma, Ba, arXiv 1412.6980), with a little decay of the logits.
  void climb(const std::vector<double>& slope, double count, std::size_t step, std::vector<double>& first,
             std::vector<double>& second);

  AttentionOptions options_;
  std::vector<double> logits_;
};

}  // namespace asterism::knowledge

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/attention_walk_impl.hpp"
#endif
