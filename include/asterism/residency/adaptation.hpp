// When slots should become more or fewer, and prefetching bolder: by what slots have counted.
#pragma once

#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/hysteresis.hpp"
#include "asterism/residency/slot_counts.hpp"

namespace asterism::residency {

/// Thresholds of advice.
struct AdaptationLimits {
  Hysteresis misses{.60, .65};  ///< hit rate from which on downwards slots should grow, and from which on no more
  Hysteresis hits{.90, .85};    ///< hit rate from which on upwards slots may shrink, and below which no more
  Hysteresis fetch_seconds{10e-3, 8e-3};  ///< mean of a fetch that was not read ahead, where a carrier measures it
  std::uint64_t least_uses = 200;         ///< of experts between two judgements
};

/// What is recommended.
enum class SlotAdvice : std::uint8_t { keep, grow, shrink };

/// Judges what slots did since the last judgement. It depends on time and on what was asked, so nothing follows it by
/// itself: ask it between passes, and act. Not thread-safe.
class Adaptation {
 public:
  /// Throws InvalidArgument for limits that are the wrong way round.
  explicit Adaptation(AdaptationLimits limits = {}) : limits_(limits) {
    if (limits.misses.rises() || !limits.hits.rises() || !limits.fetch_seconds.rises()) {
      throw InvalidArgument(
          "AdaptationLimits: misses has to be on below and off above, hits and fetch_seconds on above and off "
          "below");
    }
  }

  /// `counts`: of Slots or Engine::slot_counts, all so far; where any is less than it was, they are others', and judged
  /// from their beginning. False where fewer than least_uses experts were used since the last judgement: advice stays
  /// as it was, and so does that on prefetching where no fetch was timed.
  bool judge(const SlotCounts& counts) {
    if (counts.uses < before_.uses || counts.hits < before_.hits ||
        counts.from_disk.count() < before_.from_disk.count() ||
        counts.from_memory.count() < before_.from_memory.count()) {
      before_ = {};
    }
    const std::uint64_t uses = counts.uses - before_.uses;
    if (uses == 0 || uses < limits_.least_uses) return false;
    const double rate = static_cast<double>(counts.hits - before_.hits) / static_cast<double>(uses);
    limits_.misses.update(rate);
    limits_.hits.update(rate);
    FetchTimes fetches = counts.from_disk.since(before_.from_disk);
    fetches += counts.from_memory.since(before_.from_memory);
    if (fetches.count() > 0) limits_.fetch_seconds.update(fetches.mean());
    before_ = counts;
    return true;
  }

  SlotAdvice slots() const {
    if (limits_.misses.is_on()) return SlotAdvice::grow;
    return limits_.hits.is_on() ? SlotAdvice::shrink : SlotAdvice::keep;
  }
  /// Fetches take so long that more of them should begin earlier: nothing does that while a model runs; load it with a
  /// Blueprint whose Prefetch looks further, or with more slots. Never of slots on a GPU, whose copies are not timed.
  bool prefetch_more() const { return limits_.fetch_seconds.is_on(); }

 private:
  AdaptationLimits limits_;
  SlotCounts before_{};
};

}  // namespace asterism::residency
