// Bodies of recent.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/prefetch/extent.hpp"
#include "asterism/prefetch/rank.hpp"
#include "asterism/prefetch/recent.hpp"

namespace asterism::prefetch {

ASTERISM_INLINE Recent::Recent(const Extent& extent, bool keeps_shares)
    : extent_(checked(extent)), keeps_shares_(keeps_shares) {
  members_ = static_cast<std::size_t>(extent.members);
  const auto sequences = static_cast<std::size_t>(extent.sequences);
  const std::size_t places = sequences * static_cast<std::size_t>(extent.groups);
  if (keeps_shares) shares_.resize(places * members_);
  used_.resize(places * members_);
  used_count_.resize(places);
  seen_in_.resize(places);
  pass_.resize(sequences, 1);
  last_.resize(sequences, -1);
}

ASTERISM_INLINE bool Recent::observe(const Routing& routing) {
  sequence_ = slot_of(routing.sequence, extent_);
  if (!has_group(routing.group)) return false;
  if (routing.group <= last_[sequence_]) ++pass_[sequence_];
  last_[sequence_] = routing.group;
  const std::size_t at = place(sequence_, routing.group);
  std::size_t count = 0;
  std::int32_t least = 0;  // ascending, so that no member is noted twice
  for (const std::int32_t member : routing.used) {
    if (member < least || member >= extent_.members) continue;
    used_[at * members_ + count++] = member;
    least = member + 1;
  }
  used_count_[at] = count;
  bool known = count > 0;
  if (keeps_shares_) {
    known = shares_of(routing.probabilities, routing.used, View<float>(shares_).subview(at * members_, members_));
  }
  seen_in_[at] = known ? pass_[sequence_] : 0;
  return true;
}

ASTERISM_INLINE bool Recent::ahead(std::size_t sequence, std::int32_t group) const {
  if (!has_group(group)) return false;
  const std::int32_t last = last_[sequence];
  return group > last || (group == 0 && last + 1 == extent_.groups);
}

ASTERISM_INLINE View<const float> Recent::shares_before(std::size_t sequence, std::int32_t group,
                                                        std::int32_t back) const {
  if (!keeps_shares_ || !ahead(sequence, group) || back > group) return {};
  const std::size_t at = place(sequence, group - back);
  if (seen_in_[at] != pass_[sequence]) return {};
  return View<const float>(shares_).subview(at * members_, members_);
}

ASTERISM_INLINE View<const std::int32_t> Recent::used_before(std::size_t sequence, std::int32_t group) const {
  if (!ahead(sequence, group)) return {};
  const std::int32_t before = group == 0 ? extent_.groups - 1 : group - 1;
  return seen_in_[place(sequence, before)] == pass_[sequence] ? used_last(sequence, before)
                                                              : View<const std::int32_t>();
}

ASTERISM_INLINE View<const std::int32_t> Recent::used_last(std::size_t sequence, std::int32_t group) const {
  const std::size_t at = place(sequence, group);
  return View<const std::int32_t>(used_).subview(at * members_, used_count_[at]);
}

}  // namespace asterism::prefetch
