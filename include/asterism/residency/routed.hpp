// What a pass's routers say of a layer whose experts take turns.
#pragma once

#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"

namespace asterism::residency {

/// What a pass's routers say of a layer with experts.
struct Routed {
  std::int32_t group = 0;           ///< number among the layers with experts
  View<const std::int32_t> used;    ///< experts that the pass needs, ascending
  View<const float> probabilities;  ///< (experts): of several rows the greatest
  View<const float> next;           ///< (experts): the next layer's, guessed by its router, or empty
  prefetch::Phase phase = prefetch::Phase::decode;
};

}  // namespace asterism::residency
