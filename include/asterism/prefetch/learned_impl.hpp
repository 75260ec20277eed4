// Bodies of learned.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/prefetch/extent.hpp"
#include "asterism/prefetch/learned.hpp"
#include "asterism/prefetch/rows.hpp"

namespace asterism::prefetch {

ASTERISM_INLINE Learned::Learned(const Extent& extent)
    : recent_(extent, false),
      members_(static_cast<std::size_t>(extent.members)),
      weights_(static_cast<std::size_t>(extent.groups) * (2 * members_ + 1) * members_),
      known_(static_cast<std::size_t>(extent.groups)),
      uses_(members_) {}

template <class F>
void Learned::for_each_input(std::size_t sequence, std::int32_t group, const F& f) {
  const auto weights_of = [&](std::size_t input) {
    return View<float>(weights_).subview((static_cast<std::size_t>(group) * (2 * members_ + 1) + input) * members_,
                                         members_);
  };
  for (const std::int32_t member : recent_.used_before(sequence, group)) {
    f(weights_of(static_cast<std::size_t>(member)));
  }
  for (const std::int32_t member : recent_.used_last(sequence, group)) {
    f(weights_of(members_ + static_cast<std::size_t>(member)));
  }
  f(weights_of(2 * members_));
}

ASTERISM_INLINE void Learned::estimate(std::size_t sequence, std::int32_t group) {
  std::fill(uses_.begin(), uses_.end(), 0.0F);
  for_each_input(sequence, group, [&](View<float> weights) { add_scaled(uses_, weights, 1); });
  for (float& use : uses_) use = 1 / (1 + std::exp(-use));
}

ASTERISM_INLINE void Learned::observe(const Routing& routing) {
  const std::size_t sequence = slot_of(routing.sequence, recent_.extent());
  if (recent_.ahead(sequence, routing.group) && !routing.used.empty()) {
    estimate(sequence, routing.group);
    scale_by(uses_, -rate);  // the step: rate * (used - estimate)
    for (const std::int32_t member : routing.used) {
      if (member < 0 || member >= recent_.extent().members) continue;
      uses_[static_cast<std::size_t>(member)] += rate;
    }
    for_each_input(sequence, routing.group, [&](View<float> weights) { add_scaled(weights, uses_, 1); });
    known_[static_cast<std::size_t>(routing.group)] = 1;
  }
  recent_.observe(routing);
}

ASTERISM_INLINE View<const float> Learned::shares(std::int32_t group) {
  if (!recent_.ahead(recent_.sequence(), group) || known_[static_cast<std::size_t>(group)] == 0) return {};
  estimate(recent_.sequence(), group);
  const float total = sum_of(uses_);
  if (!(total > 0)) return {};
  scale_by(uses_, 1 / total);
  return uses_;
}

}  // namespace asterism::prefetch
