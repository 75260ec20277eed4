// The part that was used least of late leaves first.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/ranked.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::cache {

struct DecayedUseOptions {
  double half_life = 6;  ///< > 0, in passes: a use counts half after as many
  bool bypass = false;   ///< as RankedOptions
};

/// A part is worth the share of its group's passes that used it, older ones counting less, whether it is resident or
/// not: each pass of the group makes it d share + (1 - d) used with d = 0.5^(1 / half_life). Nearly least recent for
/// short half-lives, least frequent for long ones.
class DecayedUse {
 public:
  /// Throws InvalidArgument if the half-life is not above 0.
  DecayedUse(const Parts& parts, Bytes capacity, DecayedUseOptions options = {})
      : ranked_(parts, capacity, {.bypass = options.bypass}), decay_(std::exp2(-1 / options.half_life)) {
    if (options.half_life > 0) return;
    throw InvalidArgument(concat("a half-life is ", options.half_life, " passes, expected a number above 0"));
  }

  Bytes capacity() const { return ranked_.capacity(); }
  bool contains(PartId part) const { return ranked_.contains(part); }
  void pin(PartId part) { ranked_.pin(part); }
  void unpin(PartId part) { ranked_.unpin(part); }
  /// The decayed share.
  float value(PartId part) const { return static_cast<float>(ranked_.worth(ranked_.parts().number(part))); }

  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities) {
    ranked_.parts().check(group, used, probabilities);
    for (std::int32_t member = 0; member < ranked_.parts().members(); ++member) {
      const std::size_t number = ranked_.parts().number({group, member});
      ranked_.set_worth(number, decay_ * ranked_.worth(number));
    }
    for (const std::int32_t member : used) {
      const std::size_t number = ranked_.parts().number({group, member});
      ranked_.set_worth(number, ranked_.worth(number) + (1 - decay_));
    }
  }
  void admit(View<const PartId> step, Admission& admission) { ranked_.admit(step, admission); }

 private:
  Ranked ranked_;
  double decay_;
};

}  // namespace asterism::cache
