// Where long work reports how far it is.
#pragma once

#include <cstdint>
#include <string_view>

namespace asterism {

/// What a task counts.
enum class ProgressUnit : std::uint8_t { bytes, items };

/// Receives the progress of one task after the other. Calls come from one thread at a time.
/// The defaults do nothing, so a plain ProgressSink is silence.
class ProgressSink {
 public:
  ProgressSink() = default;
  ProgressSink(const ProgressSink&) = delete;
  ProgressSink& operator=(const ProgressSink&) = delete;
  virtual ~ProgressSink() = default;

  /// A task of `total` units begins.
  virtual void begin(std::string_view /*task*/, std::uint64_t /*total*/, ProgressUnit /*unit*/) {}
  /// `done` <= total units are done, of which the last were for `item`. Throwing from here cancels the task.
  virtual void advance(std::uint64_t /*done*/, std::string_view /*item*/) {}
  /// The task is complete. Not called when it failed.
  virtual void end() {}
};

}  // namespace asterism
