// A circuit breaker: what fails again and again is left alone for a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

#include "asterism/core/error.hpp"

namespace asterism::assistant {

/// Closed, it lets calls through; after `failures` in a row it is open and lets none through for `reset`; then it lets
/// one through, whose success closes it and whose failure opens it again. Not thread-safe. Source: Nygard, Release It!,
/// 2007.
class Breaker {
 public:
  using Clock = std::chrono::steady_clock;
  enum class State : std::uint8_t { closed, open, half_open };
  struct Limits {
    std::int32_t failures = 3;
    std::chrono::seconds reset{300};
  };
  static constexpr Limits persona{.failures = 3, .reset = std::chrono::seconds(300)};
  static constexpr Limits generation{.failures = 5, .reset = std::chrono::seconds(600)};
  static constexpr Limits retrieval{.failures = 3, .reset = std::chrono::seconds(180)};

  /// `now` tells the time; InvalidArgument for fewer failures than one.
  explicit Breaker(const Limits& limits, std::function<Clock::time_point()> now = &Clock::now)
      : limits_(limits), now_(std::move(now)) {
    if (limits.failures < 1) throw InvalidArgument("a circuit breaker opens after 1 failure at least");
  }

  State state() const {
    if (failures_ < limits_.failures) return State::closed;
    return now_() - opened_ < limits_.reset ? State::open : State::half_open;
  }
  /// Whether a call may be made now; who makes it says how it ended before asking again.
  bool allows() const { return state() != State::open; }
  void succeeded() { failures_ = 0; }
  void failed() {
    if (failures_ < limits_.failures) ++failures_;
    opened_ = now_();
  }

 private:
  Limits limits_;
  std::function<Clock::time_point()> now_;
  std::int32_t failures_ = 0;  ///< in a row, at most limits_.failures
  Clock::time_point opened_{};
};

}  // namespace asterism::assistant
