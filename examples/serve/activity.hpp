// What the server has done, as numbers of its own, for /v1/status and /v1/experts.
#pragma once

#include <asterism/residency/slot_counts.hpp>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace example {

/// Counters of a served model, with or without prometheus-cpp. Thread-safe.
class Activity {
 public:
  struct Counts {
    std::uint64_t taken = 0;   ///< answers that the scheduler took
    std::uint64_t tokens = 0;  ///< of answers, made so far
    std::uint64_t passes = 0;
    double pass_seconds = 0;
    asterism::residency::SlotCounts
        slots{};  ///< after the last pass: asking the model would wait for the next one
  };

  void took(std::size_t answers) {
    const std::scoped_lock lock(mutex_);
    counts_.taken += answers;
  }
  void made(std::size_t tokens) {
    const std::scoped_lock lock(mutex_);
    counts_.tokens += tokens;
  }
  void passed(double seconds, const asterism::residency::SlotCounts& slots) {
    const std::scoped_lock lock(mutex_);
    ++counts_.passes;
    counts_.pass_seconds += seconds;
    counts_.slots = slots;
  }

  Counts counts() const {
    const std::scoped_lock lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  Counts counts_;
};

}  // namespace example
