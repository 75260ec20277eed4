// Sizes that can be predicted for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/prefetch/concept.hpp"

namespace asterism::prefetch {

/// The extent; throws InvalidArgument if one of its numbers is below 1.
const Extent& checked(const Extent& extent);

/// The place of a sequence among those that are kept apart, whatever its number.
constexpr std::size_t slot_of(std::int32_t sequence, const Extent& extent) {
  return static_cast<std::uint32_t>(sequence) % static_cast<std::uint32_t>(extent.sequences);
}

}  // namespace asterism::prefetch

#if !defined(ASTERISM_COMPILED)
#include "asterism/prefetch/extent_impl.hpp"
#endif
