// Bodies of pass_routing.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/constellation/pass_routing.hpp"

namespace asterism::constellation {

namespace detail {

/// Of some rows, for each expert.
inline void greatest(MatrixView<const float> rows, std::vector<float>& out) {
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t row = 0; row < rows.rows; ++row) {
    for (std::size_t e = 0; e < out.size(); ++e) out[e] = std::max(out[e], rows(row, e));
  }
}

}  // namespace detail

ASTERISM_INLINE PassRouting::Use::Use(std::size_t experts) : probabilities(experts), next(experts) {
  used.reserve(experts);
}

ASTERISM_INLINE PassRouting::PassRouting(std::int32_t experts)
    : experts_(static_cast<std::size_t>(experts)), all_(experts_) {
  sequences_.reserve(1);
  told_.reserve(1);
}

ASTERISM_INLINE residency::Routed PassRouting::of(std::int32_t group, prefetch::Phase phase,
                                                  MatrixView<const std::int32_t> offsets,
                                                  MatrixView<const float> probabilities,
                                                  MatrixView<const float> next,
                                                  MatrixView<const gating::Route> routes) {
  all_.used.clear();
  for (std::size_t e = 0; e < experts_; ++e) {
    if (offsets(0, e + 1) > offsets(0, e)) all_.used.push_back(static_cast<std::int32_t>(e));
  }
  detail::greatest(probabilities, all_.probabilities);
  told_.clear();
  const auto tell = [&](std::int32_t sequence, prefetch::Phase its_phase, const Use& use) {
    told_.push_back({.group = group,
                     .sequence = sequence,
                     .phase = its_phase,
                     .used = use.used,
                     .probabilities = use.probabilities,
                     .next = next.rows > 0 ? View<const float>(use.next) : View<const float>(),
                     .next_used = {}});
  };
  if (sequences_.size() == 1) {
    detail::greatest(next, all_.next);
    tell(sequences_.front().sequence, phase, all_);
  } else {
    while (each_.size() < sequences_.size()) each_.emplace_back(experts_);
    std::size_t first = 0;
    for (std::size_t i = 0; i < sequences_.size(); ++i) {
      const auto& [sequence, rows] = sequences_[i];
      Use& use = each_[i];
      detail::greatest(probabilities.rows_at(first, rows), use.probabilities);
      if (next.rows > 0) detail::greatest(next.rows_at(first, rows), use.next);
      use.used.clear();
      for (std::size_t row = first; row < first + rows; ++row) {
        for (const gating::Route& route : routes.row(row)) {
          const auto place = std::lower_bound(use.used.begin(), use.used.end(), route.expert);
          if (place == use.used.end() || *place != route.expert) use.used.insert(place, route.expert);
        }
      }
      tell(sequence, rows > 1 ? prefetch::Phase::prompt : prefetch::Phase::decode, use);
      first += rows;
    }
  }
  return {
      .group = group, .used = all_.used, .probabilities = all_.probabilities, .phase = phase, .sequences = told_};
}

}  // namespace asterism::constellation
