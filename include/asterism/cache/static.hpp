// The parts that a profile found most used, and no others.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/residents.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::cache {

/// Keeps the parts with the greatest counts of a profile, chosen once: each is fetched when a step first needs it and
/// never leaves, all others are bypassed. Chosen most used first, each that still fits; of equal ones the first.
class Static {
 public:
  /// counts (parts): uses in the profile, by number. Throws InvalidArgument for another number of counts.
  Static(const Parts& parts, Bytes capacity, View<const std::uint64_t> counts)
      : residents_(parts, capacity), chosen_(parts.size()) {
    if (counts.size != parts.size()) {
      throw InvalidArgument(concat("a profile has counts of ", counts.size, " parts, expected ", parts.size()));
    }
    std::vector<std::size_t> order(parts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
    Bytes room = capacity;
    for (const std::size_t number : order) {
      if (parts.bytes(number) > room) continue;
      room -= parts.bytes(number);
      chosen_[number] = true;
    }
  }

  Bytes capacity() const { return residents_.capacity(); }
  bool contains(PartId part) const { return residents_.contains(part); }
  void pin(PartId part) { residents_.pin(part); }
  void unpin(PartId part) { residents_.unpin(part); }

  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities) {
    residents_.parts().check(group, used, probabilities);
  }
  void admit(View<const PartId> step, Admission& admission) {
    residents_.begin(step, admission);
    for (const std::size_t number : residents_.misses()) {
      if (chosen_[number]) {
        residents_.fetch(number);
      } else {
        residents_.bypass(number);
      }
    }
    residents_.end();
  }

 private:
  Residents residents_;
  std::vector<bool> chosen_;  // (parts)
};

}  // namespace asterism::cache
