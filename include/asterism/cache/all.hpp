// Everything is resident: for models that fit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/residents.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::cache {

/// A cache without bounds, which has every part from the start: all parts of all steps are hits.
class All {
 public:
  explicit All(const Parts& parts) : residents_(parts, parts.total()) { residents_.fill(); }
  /// Throws BudgetExceeded if the parts exceed `memory`.
  All(const Parts& parts, Bytes memory) : All(parts) {
    if (parts.total() <= memory) return;
    throw BudgetExceeded(concat("a cache of all parts needs ", parts.total().count, " bytes, but there are ",
                                memory.count, ": take one that evicts, such as cache::Hazard"));
  }

  static constexpr Bytes capacity() { return {~std::uint64_t{0}}; }
  bool contains(PartId part) const { return residents_.contains(part); }
  void pin(PartId part) { residents_.pin(part); }
  void unpin(PartId part) { residents_.unpin(part); }
  /// 1.
  float value(PartId part) const { return residents_.is_resident(residents_.parts().number(part)) ? 1 : 0; }

  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities) {
    residents_.parts().check(group, used, probabilities);
  }
  void admit(View<const PartId> step, Admission& admission) {
    residents_.begin(step, admission);
    residents_.end();
  }

 private:
  Residents residents_;
};

}  // namespace asterism::cache
