// Bodies of extent.hpp.
#pragma once

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/prefetch/extent.hpp"

namespace asterism::prefetch {

ASTERISM_INLINE const Extent& checked(const Extent& extent) {
  if (extent.groups >= 1 && extent.members >= 1 && extent.sequences >= 1) return extent;
  throw InvalidArgument(concat("a prefetcher of ", extent.groups, " groups of ", extent.members, " members for ",
                               extent.sequences, " sequences, expected at least 1 of each"));
}

}  // namespace asterism::prefetch
