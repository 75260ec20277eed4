// Selection of the best experts of a row, split so that many lanes can share it, on host and device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::cuda {

/// A candidate expert; expert -1: none.
struct Candidate {
  std::int32_t expert = -1;
  float probability = 0;
};

/// The better of two; ties go to the lower expert.
ASTERISM_HD inline Candidate better(Candidate a, Candidate b) {
  if (a.expert < 0) return b;
  if (b.expert < 0 || a.probability > b.probability) return a;
  if (b.probability > a.probability) return b;
  return a.expert < b.expert ? a : b;
}

/// The best of the experts first, first + step, first + 2 step ... that are not in `chosen`.
ASTERISM_HD inline Candidate best_of(View<const float> probabilities, std::size_t first, std::size_t step,
                                     View<const gating::Route> chosen) {
  Candidate best;
  for (std::size_t e = first; e < probabilities.size; e += step) {
    const auto expert = static_cast<std::int32_t>(e);
    bool taken = false;
    for (const gating::Route& route : chosen) taken = taken || route.expert == expert;
    if (!taken) best = better(best, {expert, probabilities[e]});
  }
  return best;
}

}  // namespace asterism::cuda
