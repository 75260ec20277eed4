// Walks that are pushed on.
#pragma once

#include <algorithm>
#include <cmath>
#include <tuple>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/rank.hpp"

namespace asterism::knowledge::detail {

ASTERISM_INLINE std::vector<Seed> shares_of(std::size_t places, View<const Seed> seeds) {
  std::vector<Seed> sorted(seeds.begin(), seeds.end());
  std::sort(sorted.begin(), sorted.end(), [](const Seed& a, const Seed& b) {
    return std::tie(a.place, a.weight) < std::tie(b.place, b.weight);
  });
  double sum = 0;
  for (const Seed& seed : sorted) {
    if (seed.place >= places) {
      throw InvalidArgument(concat("a seed is place ", seed.place, " of a graph that has ", places));
    }
    if (!(seed.weight > 0 && std::isfinite(seed.weight))) {
      throw InvalidArgument(
          concat("a seed, place ", seed.place, ", has the weight ", seed.weight, ", which has to be above 0"));
    }
    sum += seed.weight;
  }
  for (Seed& seed : sorted) seed.weight /= sum;
  return sorted;
}

ASTERISM_INLINE PushState::PushState(std::size_t places, View<const Seed> seeds, RankOptions options)
    : options_(options) {
  if (!(options.damping >= 0 && options.damping < 1)) {
    throw InvalidArgument(concat("a damping of ", options.damping, ", which has to be at least 0 and below 1"));
  }
  if (!(options.epsilon > 0 && std::isfinite(options.epsilon))) {
    throw InvalidArgument(concat("an epsilon of ", options.epsilon, ", which has to be above 0"));
  }
  for (const Seed& seed : shares_of(places, seeds)) arrive(seed.place, seed.weight);
}

ASTERISM_INLINE bool PushState::next(std::uint32_t& place) {
  if (head_ == queue_.size()) return false;
  current_ = queue_[head_++];
  walks_[current_].queued = false;
  place = walks_.entries()[current_].place;
  return true;
}

ASTERISM_INLINE bool PushState::worthwhile(std::size_t edges) {
  Walks& here = walks_[current_];
  here.enough = options_.epsilon * static_cast<double>(std::max<std::size_t>(edges, 1));
  return here.waiting >= here.enough;
}

ASTERISM_INLINE void PushState::push(std::vector<Step>& steps) {
  const auto before = [](const Step& a, const Step& b) {
    return std::tie(a.place, a.edge) < std::tie(b.place, b.edge);
  };
  if (!std::is_sorted(steps.begin(), steps.end(), before)) std::sort(steps.begin(), steps.end(), before);
  double sum = 0;
  for (const Step& step : steps) sum += step.weight;
  const double going_on = options_.damping * walks_[current_].waiting;
  walks_[current_].ended += walks_[current_].waiting - going_on;
  walks_[current_].waiting = 0;
  if (sum > 0) {
    for (const Step& step : steps) arrive(step.place, going_on * (step.weight / sum));
  } else {
    lost_ += going_on;
  }
}

ASTERISM_INLINE void PushState::arrive(std::uint32_t place, double share) {
  const auto [at, fresh] = walks_.add(place);
  Walks& there = walks_[at];
  if (fresh) there.enough = options_.epsilon;
  there.waiting += share;
  if (there.queued || there.waiting < there.enough) return;
  there.queued = true;
  queue_.push_back(at);
}

// To begin the lost walks again at the seeds is to do all again, smaller by their share, and then once more: the scores
// grow by one factor.
ASTERISM_INLINE Ranking PushState::ranking() const {
  Ranking ranking;
  ranking.places.reserve(walks_.size());
  const double kept = 1 - lost_;
  for (const auto& [place, walks] : walks_.entries()) {
    const double going_on = options_.damping * walks.waiting;
    ranking.open += going_on / kept;
    const double score = (walks.ended + walks.waiting - going_on) / kept;
    if (score > 0) ranking.places.push_back({place, score});
  }
  const auto better = [](const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : a.place < b.place;
  };
  const std::size_t count = std::min(options_.count, ranking.places.size());
  const auto last = ranking.places.begin() + static_cast<std::ptrdiff_t>(count);
  if (last != ranking.places.end()) std::nth_element(ranking.places.begin(), last, ranking.places.end(), better);
  ranking.places.erase(last, ranking.places.end());
  std::sort(ranking.places.begin(), ranking.places.end(), better);
  return ranking;
}

}  // namespace asterism::knowledge::detail
