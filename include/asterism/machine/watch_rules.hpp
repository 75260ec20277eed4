// Rules that tell from samples of memory that something goes wrong.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/hysteresis.hpp"

namespace asterism::machines {

/// Thresholds of watching; each is told once when it is crossed, and once when it is over.
struct WatchLimits {
  Hysteresis used{.90, .75};           ///< share of a memory that is in use
  Hysteresis stalled{.10, .05};        ///< share of the time in which some task waited for memory
  Hysteresis exhaustion{60, 120};      ///< seconds until a memory is full, if it goes on so
  Hysteresis fragmentation{.30, .25};  ///< share of what the allocator holds that nobody uses
  Bytes leak_step = 50_MiB;            ///< of a sample that rises
};

/// Growth without an end: more than 80 % of the last 20 samples rose by `step` or more each. It is over when at most
/// half of them did.
class GrowthRule {
 public:
  static constexpr std::size_t samples = 20;

  explicit GrowthRule(Bytes step) : step_(step) {}

  /// True if that changed it. Nothing is told before there were 20 rises or falls to judge.
  bool update(Bytes used);
  bool is_on() const { return state_.is_on(); }

 private:
  Bytes step_;
  std::optional<Bytes> last_;
  std::array<bool, samples> rose_{};
  std::size_t count_ = 0;
  Hysteresis state_{.80 + .5 / samples, .50};
};

/// Seconds until a memory is full: what is left, by the slope of a straight line through the last 20 samples (least
/// squares).
class ExhaustionRule {
 public:
  static constexpr std::size_t samples = 20;
  static constexpr std::size_t least_samples = 5;

  explicit ExhaustionRule(Hysteresis limit) : state_(limit) {}

  /// `seconds`: of a clock that does not go back; a limit of 0 bytes is none. True if that changed it.
  bool update(double seconds, Bytes used, Bytes limit);
  /// No value where memory does not grow or has no limit, or there are fewer than 5 samples.
  std::optional<double> seconds_left() const { return left_; }
  bool is_on() const { return state_.is_on(); }

 private:
  struct Sample {
    double seconds = 0;
    double used = 0;
  };

  std::array<Sample, samples> samples_{};
  std::size_t count_ = 0;
  std::optional<double> left_;
  Hysteresis state_;
};

}  // namespace asterism::machines

#if !defined(ASTERISM_COMPILED)
#include "asterism/machine/watch_rules_impl.hpp"
#endif
