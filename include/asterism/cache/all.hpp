// Everything is resident: the models that fit.
#pragma once

#include <cstdint>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/parts.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::cache {

/// A cache without bounds, which has every part from the start: all steps are hits, and nothing is observed or counted.
/// It has no state: it does not look at ids, and pins and releases are ignored.
class All {
 public:
  constexpr All() = default;
  /// Throws BudgetExceeded if the parts exceed `capacity`.
  All(const Parts& parts, Bytes capacity) {
    if (parts.total() <= capacity) return;
    throw BudgetExceeded(concat("a cache of all parts needs ", parts.total().count, " bytes, but has ",
                                capacity.count, ": take one that evicts, such as cache::Hazard"));
  }

  static constexpr Bytes capacity() { return {~std::uint64_t{0}}; }
  static constexpr bool contains(PartId) { return true; }
  static constexpr void observe(std::int32_t, View<const std::int32_t>, View<const float>) {}
  static void admit(View<const PartId> step, Admission& admission) {
    admission.clear();
    admission.hits.insert(admission.hits.end(), step.begin(), step.end());
  }
  static constexpr void pin(PartId) {}
  static constexpr void unpin(PartId) {}
  static constexpr float value(PartId) { return 1; }
};

}  // namespace asterism::cache
