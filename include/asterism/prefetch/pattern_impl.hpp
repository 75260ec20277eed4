// Bodies of pattern.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "asterism/prefetch/extent.hpp"
#include "asterism/prefetch/pattern.hpp"
#include "asterism/prefetch/rows.hpp"

namespace asterism::prefetch {

ASTERISM_INLINE Pattern::Pattern(const Extent& extent)
    : recent_(extent, false),
      members_(static_cast<std::size_t>(extent.members)),
      counts_(static_cast<std::size_t>(extent.groups) * members_ * members_),
      from_(static_cast<std::size_t>(extent.groups) * members_),
      passes_(static_cast<std::size_t>(extent.groups)),
      shares_(members_) {}

ASTERISM_INLINE std::uint32_t& Pattern::count(std::int32_t group, std::int32_t from, std::int32_t to) {
  return counts_[(static_cast<std::size_t>(group) * members_ + static_cast<std::size_t>(from)) * members_ +
                 static_cast<std::size_t>(to)];
}

ASTERISM_INLINE void Pattern::observe(const Routing& routing) {
  if (!recent_.has_group(routing.group)) return;
  const std::int32_t group = routing.group;
  const auto before = recent_.used_before(slot_of(routing.sequence, recent_.extent()), group);
  bool counted = false;
  for (const std::int32_t from : before) {
    std::uint32_t& sum = from_[static_cast<std::size_t>(group) * members_ + static_cast<std::size_t>(from)];
    // The counts of a member are halved before their sum can overflow, so that old transitions weigh less.
    if (sum >= std::uint32_t{1} << 30U) {
      sum = 0;
      for (std::int32_t to = 0; to < recent_.extent().members; ++to) sum += count(group, from, to) /= 2;
    }
    for (const std::int32_t to : routing.used) {
      if (to < 0 || to >= recent_.extent().members) continue;
      ++count(group, from, to);
      ++sum;
      counted = true;
    }
  }
  std::uint32_t& passes = passes_[static_cast<std::size_t>(group)];
  if (counted && passes < trusted) ++passes;
  recent_.observe(routing);
}

ASTERISM_INLINE float Pattern::confidence(std::int32_t group) const {
  if (!recent_.has_group(group)) return 0;
  return static_cast<float>(passes_[static_cast<std::size_t>(group)]) / static_cast<float>(trusted);
}

ASTERISM_INLINE View<const float> Pattern::shares(std::int32_t group) {
  std::fill(shares_.begin(), shares_.end(), 0.0F);
  std::size_t known = 0;
  for (const std::int32_t from : recent_.used_before(recent_.sequence(), group)) {
    const std::uint32_t sum = from_[static_cast<std::size_t>(group) * members_ + static_cast<std::size_t>(from)];
    if (sum == 0) continue;
    ++known;
    const std::uint32_t* row = &count(group, from, 0);
    const float part = 1 / static_cast<float>(sum);
    std::size_t m = 0;
    for (; m + 8 <= members_; m += 8) {  // as in rows.hpp
      float sums[8];
      for (std::size_t i = 0; i < 8; ++i) {
        sums[i] = shares_[m + i] + static_cast<float>(static_cast<std::int32_t>(row[m + i])) * part;
      }
      for (std::size_t i = 0; i < 8; ++i) shares_[m + i] = sums[i];
    }
    for (; m < members_; ++m) shares_[m] += static_cast<float>(row[m]) * part;
  }
  if (known == 0) return {};
  const float scale = confidence(group) / static_cast<float>(known);
  scale_by(shares_, scale);
  return shares_;
}

}  // namespace asterism::prefetch
