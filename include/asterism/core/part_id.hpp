// How policies name the parts they decide about: never by pointer, never by size.
#pragma once

#include <compare>
#include <cstdint>

namespace asterism {

/// Identifies a part for placement, caches and prefetchers. At the scale of tokens `group` is the layer and
/// `member` the expert; at other scales `member` is an adapter or a specialist of its group.
struct PartId {
  std::int32_t group = 0;
  std::int32_t member = 0;

  friend constexpr bool operator==(PartId, PartId) = default;
  friend constexpr auto operator<=>(PartId, PartId) = default;
};

}  // namespace asterism
