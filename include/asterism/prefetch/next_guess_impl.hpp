// Bodies of next_guess.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/prefetch/extent.hpp"
#include "asterism/prefetch/next_guess.hpp"
#include "asterism/prefetch/rank.hpp"

namespace asterism::prefetch {

ASTERISM_INLINE NextGuess::NextGuess(const Extent& extent) : extent_(checked(extent)) {
  const auto sequences = static_cast<std::size_t>(extent.sequences);
  shares_.resize(sequences * static_cast<std::size_t>(extent.members));
  groups_.resize(sequences, -1);
}

ASTERISM_INLINE void NextGuess::observe(const Routing& routing, View<const float> probabilities,
                                        View<const std::int32_t> used) {
  sequence_ = slot_of(routing.sequence, extent_);
  if (routing.group < 0 || routing.group >= extent_.groups) return;
  const auto members = static_cast<std::size_t>(extent_.members);
  const bool known = shares_of(probabilities, used, View<float>(shares_).subview(sequence_ * members, members));
  groups_[sequence_] = known ? (routing.group + 1) % extent_.groups : -1;
}

ASTERISM_INLINE View<const float> NextGuess::shares(std::int32_t group) const {
  if (group < 0 || groups_[sequence_] != group) return {};
  const auto members = static_cast<std::size_t>(extent_.members);
  return View<const float>(shares_).subview(sequence_ * members, members);
}

}  // namespace asterism::prefetch
