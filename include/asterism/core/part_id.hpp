// How policies name what they decide about: never by pointer, never by size.
#pragma once

#include <compare>
#include <cstdint>

namespace asterism {

/// A thing that placement, caches and prefetchers talk about: at the scale of tokens `group` is the layer and
/// `member` the expert; elsewhere an adapter or a specialist of its group.
struct PartId {
  std::int32_t group = 0;
  std::int32_t member = 0;

  friend constexpr bool operator==(PartId, PartId) = default;
  friend constexpr auto operator<=>(PartId, PartId) = default;
};

}  // namespace asterism
