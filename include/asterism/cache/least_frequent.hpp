// The least often used part leaves first.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/ranked.hpp"

namespace asterism::cache {

/// Counts in how many passes each part was used, also while it is not resident, and evicts the part with the least
/// count, of equal ones the least recent. Nothing is forgotten: what was popular long ago stays.
class LeastFrequent {
 public:
  LeastFrequent(const Parts& parts, Bytes capacity, RankedOptions options = {})
      : ranked_(parts, capacity, options) {}

  Bytes capacity() const { return ranked_.capacity(); }
  bool contains(PartId part) const { return ranked_.contains(part); }
  void pin(PartId part) { ranked_.pin(part); }
  void unpin(PartId part) { ranked_.unpin(part); }

  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities) {
    ranked_.parts().check(group, used, probabilities);
    for (const std::int32_t member : used) {
      const std::size_t number = ranked_.parts().number({group, member});
      ranked_.set_worth(number, ranked_.worth(number) + 1);
    }
  }
  void admit(View<const PartId> step, Admission& admission) { ranked_.admit(step, admission); }

 private:
  Ranked ranked_;
};

}  // namespace asterism::cache
