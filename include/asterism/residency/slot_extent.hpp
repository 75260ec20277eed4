// How many slots there are, for which layers, and how many of them a cache fills.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "asterism/cache/parts.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/residency/spill_header.hpp"
#include "asterism/residency/strategy.hpp"

namespace asterism::residency {

/// The slots, and the layers that they are for. `looks_ahead`: a prefetcher guesses what the next layer will lack.
template <bool looks_ahead>
struct SlotExtent {
  std::int32_t first_group = 0;  ///< among the layers with experts
  std::int32_t groups = 0;
  std::int32_t top_k = 0;      ///< experts of a token
  std::size_t slots = 0;       ///< least_streaming_slots at least
  std::int32_t sequences = 1;  ///< that a prefetcher keeps apart

  Strategy strategy(const SpillHeader& homes) const {
    return residency::strategy(static_cast<std::int64_t>(slots), homes.experts, top_k);
  }
  /// As many as the cache fills, 0 where experts stream. InvalidArgument for too few slots, here and below.
  std::size_t kept(const SpillHeader& homes) const {
    if (strategy(homes) == Strategy::none) {
      throw InvalidArgument(
          concat("experts take turns in ", slots, " slots, which is at least ", least_streaming_slots));
    }
    const auto passing =
        static_cast<std::size_t>(passing_slots(static_cast<std::int64_t>(slots), top_k, looks_ahead));
    const auto all = static_cast<std::size_t>(groups) * static_cast<std::size_t>(homes.experts);
    return std::min(all, slots - passing);
  }
  /// The parts of these layers, for a policy; and the bytes that it may fill.
  cache::Parts parts(const SpillHeader& homes) const {
    return cache::Parts(groups, homes.experts, Bytes{homes.stride()});
  }
  Bytes capacity(const SpillHeader& homes) const { return {kept(homes) * homes.stride()}; }
  /// For a prefetcher.
  prefetch::Extent ahead(const SpillHeader& homes) const {
    return {.groups = groups, .members = homes.experts, .sequences = sequences};
  }
};

}  // namespace asterism::residency
