// What a pass's routers say of a layer whose experts take turns.
#pragma once

#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"

namespace asterism::residency {

/// What a pass's routers say of a layer with experts.
struct Routed {
  std::int32_t group = 0;                           ///< number among the layers with experts
  View<const std::int32_t> used;                    ///< experts that the pass needs, ascending
  View<const float> probabilities;                  ///< (experts): of several rows the greatest
  prefetch::Phase phase = prefetch::Phase::decode;  ///< prompt if it has several rows of one sequence
  View<const prefetch::Routing>
      sequences{};  ///< the same for each sequence of the pass; empty: for one, all of it
};

}  // namespace asterism::residency
