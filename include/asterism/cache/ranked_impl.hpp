// Bodies of ranked.hpp.
#pragma once

#include <algorithm>

#include "asterism/cache/ranked.hpp"

namespace asterism::cache {

ASTERISM_INLINE Ranked::Ranked(const Parts& parts, Bytes capacity, RankedOptions options)
    : residents_(parts, capacity),
      options_(options),
      worth_(parts.size()),
      used_at_(parts.size()),
      factor_(static_cast<std::size_t>(parts.groups()), 1.0),
      least_(static_cast<std::size_t>(parts.groups()), unknown),
      leaving_(parts.size()) {
  victims_.reserve(parts.size());
}

ASTERISM_INLINE void Ranked::pin(PartId part) {
  residents_.pin(part);
  least_[static_cast<std::size_t>(part.group)] = unknown;
}

ASTERISM_INLINE void Ranked::unpin(PartId part) {
  residents_.unpin(part);
  least_[static_cast<std::size_t>(part.group)] = unknown;
}

ASTERISM_INLINE void Ranked::admit(View<const PartId> step, Admission& admission) {
  residents_.begin(step, admission);
  if (!options_.bypass) residents_.require_room();
  forget(step);
  for (const PartId part : step) used_at_[parts().number(part)] = ++now_;
  std::vector<std::size_t>& misses = residents_.misses();
  if (options_.bypass) {  // who comes later in the step was used later
    std::sort(misses.begin(), misses.end(), [&](std::size_t a, std::size_t b) {
      return value(a) > value(b) || (value(a) == value(b) && used_at_[a] < used_at_[b]);
    });
  }
  for (const std::size_t number : misses) {
    if (make_room(number)) {
      residents_.fetch(number);
    } else {
      residents_.bypass(number);
    }
  }
  residents_.end();
  forget(step);
}

ASTERISM_INLINE bool Ranked::make_room(std::size_t number) {
  const Bytes free = residents_.capacity() - residents_.used();
  const Bytes needed = parts().bytes(number);
  Bytes room = free;
  victims_.clear();
  bool found = true;
  while (room < needed) {
    const std::int64_t least = next_victim();
    if (least == none || (options_.bypass && value(static_cast<std::size_t>(least)) > value(number))) {
      found = false;
      break;
    }
    const auto victim = static_cast<std::size_t>(least);
    leaving_[victim] = true;
    least_[group_of(victim)] = unknown;
    victims_.push_back(victim);
    room += parts().bytes(victim);
  }
  for (const std::size_t victim : victims_) {
    leaving_[victim] = false;
    if (found) residents_.evict(victim);
    least_[group_of(victim)] = unknown;
  }
  return found;
}

ASTERISM_INLINE std::int64_t Ranked::next_victim() {
  std::int64_t best = none;
  for (std::size_t group = 0; group < least_.size(); ++group) {
    if (least_[group] == unknown) least_[group] = least_of(group);
    const std::int64_t least = least_[group];
    if (least == none) continue;
    if (best == none || before(static_cast<std::size_t>(least), static_cast<std::size_t>(best))) best = least;
  }
  return best;
}

ASTERISM_INLINE std::int64_t Ranked::least_of(std::size_t group) const {
  const auto members = static_cast<std::size_t>(parts().members());
  std::int64_t best = none;
  for (std::size_t number = group * members; number < (group + 1) * members; ++number) {
    if (!residents_.may_leave(number) || leaving_[number]) continue;
    if (best == none || before(number, static_cast<std::size_t>(best))) best = static_cast<std::int64_t>(number);
  }
  return best;
}

ASTERISM_INLINE void Ranked::forget(View<const PartId> step) {
  for (const PartId part : step) least_[static_cast<std::size_t>(part.group)] = unknown;
}

}  // namespace asterism::cache
