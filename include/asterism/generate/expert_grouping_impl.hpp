// Bodies of expert_grouping.hpp.
#pragma once

#include <algorithm>
#include <array>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/expert_grouping.hpp"
#include "asterism/simd/dot.hpp"

namespace asterism::generate {

ASTERISM_INLINE ExpertGrouping::ExpertGrouping(std::size_t rows, std::size_t places)
    : places_(places), passed_over_(rows) {
  if (places < 1 || rows > (most_passed_over + 1) * places) {
    throw InvalidArgument(concat("answers are grouped by ", places, " of ", rows,
                                 " rows: some would be passed over ", "more than ", most_passed_over,
                                 " times; group at least ", (rows + most_passed_over) / (most_passed_over + 1)));
  }
  taken_.reserve(rows);
  chosen_.reserve(rows);
  left_out_.reserve(rows);
}

/// How often the row's answer may be passed over from now on.
ASTERISM_INLINE std::size_t ExpertGrouping::slack(std::size_t row) const {
  return most_passed_over - std::min(passed_over_[row], most_passed_over);
}

/// Those of slack t or less have this pass and t more: as many of them
/// as do not fit into the t have to be in this one. Returns the least t whose answers need all places that are left.
ASTERISM_INLINE std::size_t ExpertGrouping::limit(View<const WaitingAnswer> waiting, std::size_t left) const {
  std::array<std::size_t, most_passed_over + 1> waits{};
  for (std::size_t i = 0; i < waiting.size; ++i) {
    if (taken_[i] == 0) ++waits[slack(waiting[i].row)];
  }
  std::size_t sum = 0;
  for (std::size_t t = 0; t < most_passed_over; ++t) {
    sum += waits[t];
    if (sum >= left + t * places_) return t;
  }
  return most_passed_over;
}

ASTERISM_INLINE View<const std::size_t> ExpertGrouping::choose(View<const WaitingAnswer> waiting) {
  chosen_.clear();
  left_out_.clear();
  if (waiting.size <= places_) {
    for (const WaitingAnswer& one : waiting) chosen_.push_back(one.row);
  } else {
    taken_.assign(waiting.size, 0);
    expected_.assign(waiting[0].use.size, 0);
    const simd::Dot overlap = simd::dot();
    while (chosen_.size() < places_) {
      const std::size_t most_slack = limit(waiting, places_ - chosen_.size());
      std::size_t best = waiting.size;
      float most = -1;
      for (std::size_t i = 0; i < waiting.size; ++i) {
        const std::size_t row = waiting[i].row;
        if (taken_[i] != 0 || slack(row) > most_slack) continue;
        const float worth = chosen_.empty() ? static_cast<float>(passed_over_[row])
                                            : overlap(waiting[i].use.data, expected_.data(), expected_.size());
        if (worth <= most) continue;
        best = i;
        most = worth;
      }
      taken_[best] = 1;
      chosen_.push_back(waiting[best].row);
      const View<const float> use = waiting[best].use;
      for (std::size_t e = 0; e < use.size; ++e) expected_[e] += use[e] * (1 - expected_[e]);
    }
    for (std::size_t i = 0; i < waiting.size; ++i) {
      if (taken_[i] == 0) left_out_.push_back(waiting[i].row);
    }
  }
  return chosen_;
}

ASTERISM_INLINE void ExpertGrouping::computed() {
  for (const std::size_t row : chosen_) passed_over_[row] = 0;
  for (const std::size_t row : left_out_) ++passed_over_[row];
  chosen_.clear();
  left_out_.clear();
}

}  // namespace asterism::generate
