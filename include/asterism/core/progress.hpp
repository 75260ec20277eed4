// Progress reports of long tasks.
#pragma once

#include <cstdint>
#include <string_view>

namespace asterism {

/// Unit of a task's progress.
enum class ProgressUnit : std::uint8_t { bytes, items };

/// Receives the progress of one task after another. Calls come from one thread at a time. The default
/// implementation does nothing, so a plain ProgressSink is silent.
class ProgressSink {
 public:
  ProgressSink() = default;
  ProgressSink(const ProgressSink&) = delete;
  ProgressSink& operator=(const ProgressSink&) = delete;
  virtual ~ProgressSink() = default;

  /// A task of `total` units begins.
  virtual void begin(std::string_view /*task*/, std::uint64_t /*total*/, ProgressUnit /*unit*/) {}
  /// `done` <= total units are done, the last of them for `item`. Throwing from here cancels the task.
  virtual void advance(std::uint64_t /*done*/, std::string_view /*item*/) {}
  /// The task is complete. Not called if it failed.
  virtual void end() {}
};

}  // namespace asterism
