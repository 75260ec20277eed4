// The least recently used part leaves first.
#pragma once

#include <cstdint>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/ranked.hpp"

namespace asterism::cache {

/// Evicts the part whose last step lies back furthest; within a step, later is more recent. One order over all
/// groups: with less room than a pass uses, a part leaves before its group runs again, and nothing is ever hit. A new
/// part is the most recent one, so that bypass happens only where pins leave no room.
class LeastRecent {
 public:
  LeastRecent(const Parts& parts, Bytes capacity, RankedOptions options = {})
      : ranked_(parts, capacity, options) {}

  Bytes capacity() const { return ranked_.capacity(); }
  bool contains(PartId part) const { return ranked_.contains(part); }
  void pin(PartId part) { ranked_.pin(part); }
  void unpin(PartId part) { ranked_.unpin(part); }

  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities) {
    ranked_.parts().check(group, used, probabilities);
  }
  /// All parts are worth the same, and of equal ones the least recent leaves.
  void admit(View<const PartId> step, Admission& admission) { ranked_.admit(step, admission); }

 private:
  Ranked ranked_;
};

}  // namespace asterism::cache
