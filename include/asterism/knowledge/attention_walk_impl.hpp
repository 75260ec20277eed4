// How what a place has is passed on, and how logits climb.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/attention_walk.hpp"

namespace asterism::knowledge {

namespace detail {

ASTERISM_INLINE void AttentionState::Share::add(double more, double factor, View<const double> from) {
  value += more;
  if (slope.size() < from.size) slope.resize(from.size);
  for (std::size_t i = 0; i < from.size; ++i) slope[i] += factor * from[i];
}

ASTERISM_INLINE AttentionState::AttentionState(std::size_t places, View<const Seed> seeds, std::size_t slopes)
    : slopes_(slopes) {
  for (const Seed& seed : shares_of(places, seeds)) {
    Share& share = arriving_[arriving_.add(seed.place).first];
    share.value += seed.weight;
    share.slope.resize(slopes_);
  }
}

ASTERISM_INLINE void AttentionState::settle(std::uint32_t place, const Share& share) {
  ended_[ended_.add(place).first].add(share.value, 1, View<const double>(share.slope));
}

ASTERISM_INLINE std::vector<std::uint32_t> AttentionState::begin_hop(std::size_t widest) {
  waiting_ = std::exchange(arriving_, {});
  std::vector<std::pair<double, std::uint32_t>> order;
  for (const auto& [place, share] : waiting_.entries()) order.emplace_back(-share.value, place);
  std::sort(order.begin(), order.end());
  for (std::size_t i = widest; i < order.size(); ++i) {
    settle(order[i].second, waiting_[waiting_.find(order[i].second)]);
  }
  if (order.size() > widest) order.resize(widest);
  std::vector<std::uint32_t> places;
  for (const auto& [value, place] : order) places.push_back(place);
  std::sort(places.begin(), places.end());
  return places;
}

ASTERISM_INLINE void AttentionState::pass(std::uint32_t place, View<const Edge> edges, View<const double> logits) {
  const Share& share = waiting_[waiting_.find(place)];
  std::vector<Edge> sorted(edges.begin(), edges.end());
  std::sort(sorted.begin(), sorted.end(), [](const Edge& a, const Edge& b) {
    return std::tie(a.place, a.feature, a.weight) < std::tie(b.place, b.feature, b.weight);
  });
  double highest = 0;
  for (const Edge& edge : sorted) highest = std::max(highest, logits[edge.feature]);
  double sum = std::exp(-highest);
  for (Edge& edge : sorted) sum += edge.weight *= std::exp(logits[edge.feature] - highest);
  const double stays = std::exp(-highest) / sum;
  std::vector<double> by_feature(slopes_);  // what goes along edges of each
  for (Edge& edge : sorted) {
    edge.weight /= sum;
    if (slopes_ != 0) by_feature[edge.feature] += edge.weight;
  }
  const auto give = [&](Share& to, double part) {
    to.add(share.value * part, part, View<const double>(share.slope));
    for (std::size_t i = 0; i < slopes_; ++i) to.slope[i] -= share.value * part * by_feature[i];
  };
  give(ended_[ended_.add(place).first], stays);
  for (const Edge& edge : sorted) {
    Share& to = arriving_[arriving_.add(edge.place).first];
    give(to, edge.weight);
    if (slopes_ != 0) to.slope[edge.feature] += share.value * edge.weight;
  }
}

ASTERISM_INLINE void AttentionState::end() {
  for (const auto& [place, share] : arriving_.entries()) settle(place, share);
  arriving_ = {};
}

ASTERISM_INLINE Ranking AttentionState::ranking(std::size_t count) const {
  Ranking ranking;
  for (const auto& [place, share] : ended_.entries()) {
    if (share.value > 0) ranking.places.push_back({place, share.value});
  }
  std::sort(ranking.places.begin(), ranking.places.end(), [](const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : a.place < b.place;
  });
  if (ranking.places.size() > count) ranking.places.resize(count);
  return ranking;
}

ASTERISM_INLINE double AttentionState::learn(View<const std::uint32_t> wanted, std::vector<double>& slope) const {
  constexpr double least = 1e-6;  // of what never gets anything, the logarithm is bounded
  double sum = 0;
  for (const std::uint32_t place : wanted) {
    const std::uint32_t entry = ended_.find(place);
    const double value = entry == PlaceMap<Share>::none ? 0 : ended_[entry].value;
    sum += std::log(value + least);
    if (entry == PlaceMap<Share>::none) continue;
    const double factor = 1 / ((value + least) * static_cast<double>(wanted.size));
    for (std::size_t i = 0; i < slopes_; ++i) slope[i] += factor * ended_[entry].slope[i];
  }
  return sum / static_cast<double>(wanted.size);
}

}  // namespace detail

ASTERISM_INLINE AttentionWalk::AttentionWalk(AttentionOptions options) : options_(options), logits_(features) {
  if (options.hops < 1 || options.hops > 8 || options.widest < 1) {
    throw InvalidArgument(concat("a walk of ", options.hops, " hops, ", options.widest,
                                 " places wide: hops are 1 to 8, and at least one place passes on"));
  }
}

ASTERISM_INLINE void AttentionWalk::climb(const std::vector<double>& slope, double count, std::size_t step,
                                          std::vector<double>& first, std::vector<double>& second) {
  constexpr double rate = 0.1;
  constexpr double decay = 1e-3;
  const double first_part = 1 - std::pow(0.9, static_cast<double>(step));
  const double second_part = 1 - std::pow(0.999, static_cast<double>(step));
  for (std::size_t i = 0; i < features; ++i) {
    const double up = slope[i] / count - decay * logits_[i];
    first[i] = 0.9 * first[i] + 0.1 * up;
    second[i] = 0.999 * second[i] + 0.001 * up * up;
    logits_[i] += rate * (first[i] / first_part) / (std::sqrt(second[i] / second_part) + 1e-8);
  }
}

}  // namespace asterism::knowledge
