// Bodies of parts.hpp.
#pragma once

#include "asterism/cache/parts.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::cache {

ASTERISM_INLINE std::string to_string(PartId part) {
  return concat("group ", part.group, " member ", part.member);
}

ASTERISM_INLINE Parts::Parts(std::int32_t groups, std::int32_t members, Bytes each)
    : groups_(groups), members_(members), sizes_{each}, total_{} {
  if (groups < 1 || members < 1 || each.count == 0) {
    throw InvalidArgument(concat("a cache for ", groups, " groups of ", members, " parts of ", each.count,
                                 " bytes: expected at least one of each"));
  }
  total_ = each * size();
}

ASTERISM_INLINE Parts::Parts(std::int32_t groups, std::int32_t members, View<const Bytes> sizes)
    : groups_(groups), members_(members), sizes_(sizes.begin(), sizes.end()), total_{} {
  if (groups < 1 || members < 1 || sizes.size != size()) {
    throw InvalidArgument(concat("a cache for ", groups, " groups of ", members, " parts is given ", sizes.size,
                                 " sizes: expected at least one group and part, and a size for each"));
  }
  for (std::size_t i = 0; i < sizes.size; ++i) {
    if (sizes[i].count == 0)
      throw InvalidArgument(concat(to_string(part(i)), " has 0 bytes, expected at least 1"));
    total_ += sizes[i];
  }
}

ASTERISM_INLINE void Parts::check(std::int32_t group, View<const std::int32_t> used,
                                  View<const float> probabilities) const {
  if (group < 0 || group >= groups_) {
    throw InvalidArgument(concat("a cache observes group ", group, ", expected one of 0 to ", groups_ - 1));
  }
  for (const std::int32_t member : used) {
    if (!has({group, member})) refuse({group, member});
  }
  if (probabilities.size != 0 && probabilities.size != static_cast<std::size_t>(members_)) {
    throw InvalidArgument(concat("a cache observes ", probabilities.size, " probabilities of group ", group,
                                 ", expected ", members_, " or none"));
  }
}

ASTERISM_INLINE void Parts::refuse(PartId part) const {
  throw InvalidArgument(concat("there is no ", to_string(part), ": expected groups 0 to ", groups_ - 1,
                               " and members 0 to ", members_ - 1));
}

}  // namespace asterism::cache
