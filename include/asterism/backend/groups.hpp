// The rows of a step, sorted by expert.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::backend {

/// Borrowed tables of one dispatch of n rows to k experts each; n * k slots, sorted by expert, rows ascending
/// within one expert. Slot s holds a copy of row source_row[s]; slots [offsets[e], offsets[e + 1]) belong to
/// expert e; the j-th choice of row r has slot slot_of_choice[r * k + j]. Nobody answers a choice that is
/// gating::dropped, and as many slots at the end belong to nobody.
struct ExpertGroups {
  View<std::int32_t> offsets;         ///< (experts + 1)
  View<std::int32_t> source_row;      ///< (n * k)
  View<std::int32_t> slot_of_choice;  ///< (n * k)
  std::int32_t device = -1;

  ASTERISM_HD std::size_t experts() const { return offsets.size - 1; }
};

/// The index of the route with the lowest expert above `last`, which is -1 at first, among a row's routes, whose
/// experts are distinct; their number where there is none. Answers are added in order of expert, so that a sum does not
/// depend on the order of the router's choices.
ASTERISM_HD inline std::size_t next_by_expert(View<const gating::Route> routes, std::int32_t last) {
  std::size_t next = routes.size;
  for (std::size_t j = 0; j < routes.size; ++j) {
    if (routes[j].expert > last && (next == routes.size || routes[j].expert < routes[next].expert)) next = j;
  }
  return next;
}

}  // namespace asterism::backend
