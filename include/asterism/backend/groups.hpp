// The rows of a step, sorted by the expert that they go to.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"

namespace asterism::backend {

/// Borrowed tables of one dispatch of n rows to k experts each; n * k slots, sorted by expert, rows ascending
/// within one expert. Slot s holds a copy of row rows[s]; slots [offsets[e], offsets[e + 1]) belong to expert e;
/// the j-th choice of row r went to slot slots[r * k + j].
struct Groups {
  View<std::int32_t> offsets;  ///< (experts + 1)
  View<std::int32_t> rows;     ///< (n * k)
  View<std::int32_t> slots;    ///< (n * k)
  std::int32_t device = -1;

  std::size_t experts() const { return offsets.size - 1; }
};

}  // namespace asterism::backend
