// Watches memory: of arenas, devices, control groups and the system, and tells who asked when it becomes scarce.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/hysteresis.hpp"
#include "asterism/machine/system_memory.hpp"
#include "asterism/machine/watch_rules.hpp"

namespace asterism::machines {

/// What a monitor tells of.
enum class MemoryAlarm : std::uint8_t {
  system,         ///< the share of the system's memory that is not available
  control_group,  ///< the share of a control group's limit in use
  pressure,       ///< tasks wait for memory
  gauge,          ///< the share of a gauge's limit in use: of an arena, or of a device
  growth,         ///< memory rises with nearly every sample
  exhaustion,     ///< memory will be full soon
  fragmentation   ///< the allocator holds much that nobody uses
};

std::string_view to_string(MemoryAlarm alarm);

/// An alarm that begins or ends.
struct MemoryEvent {
  MemoryAlarm alarm = MemoryAlarm::system;
  bool begins = true;     ///< false: it is over
  std::string_view name;  ///< of a gauge, valid as long as the monitor; else empty
  double value = 0;       ///< a share in [0, 1]; of `exhaustion` seconds; of `growth` bytes in use
};

/// Bytes in use of a memory, and the most that there may be.
struct MemoryUse {
  Bytes used{};
  Bytes limit{};
};

/// A memory that is watched besides the system's.
struct MemoryGauge {
  std::string name;  ///< for messages, such as "device 0"
  std::function<MemoryUse()> read;
};

struct MonitorOptions {
  using Clock = std::chrono::steady_clock;

  WatchLimits limits{};
  std::string root = "/";                               ///< where proc and sys are
  std::vector<MemoryGauge> gauges{};                    ///< called from `poll`
  std::function<Clock::time_point()> now = Clock::now;  ///< a test's own
  std::chrono::milliseconds period{1000};  ///< of samples; `poll` does nothing where the last one is younger
  /// Share of the memory that the allocator holds and nobody uses; empty: it is not watched. See heap_fragmentation.
  std::function<double()> fragmentation{};
};

/// Samples memory when it is polled, between passes or by a thread of one's own, and calls back when an alarm begins
/// and when it is over: each has two thresholds, so that what moves around one is told once. Growth and exhaustion are
/// judged of the system and of each gauge. A callback or a gauge that throws does not end the poll: `last_fault` has
/// what it said. Thread-safe: polls take turns; a callback must not poll, watch or forget.
class MemoryMonitor {
 public:
  using Callback = std::function<void(const MemoryEvent&)>;

  /// Throws InvalidArgument for gauges without a name or a function.
  explicit MemoryMonitor(MonitorOptions options = {});

  /// Called for every event from now on, until the returned number is given to `forget`.
  std::uint64_t watch(Callback callback);
  void forget(std::uint64_t number);

  /// Takes a sample if one is due, and tells what changed. True if it took one. Never throws for what it reads: where
  /// a file of the system is missing or not as it should be, `last_fault` says so, and the rest is judged all the same.
  bool poll();

  /// Of the last sample, empty where the system could not be read.
  std::optional<SystemReading> reading() const;
  /// Alarms that are on.
  std::size_t alarms() const;
  /// What went wrong last; empty: nothing has.
  std::string last_fault() const;
  /// Faults so far.
  std::uint64_t faults() const;

 private:
  struct Series {
    Series(const WatchLimits& limits)
        : used(limits.used), growth(limits.leak_step), exhaustion(limits.exhaustion) {}
    Hysteresis used;
    GrowthRule growth;
    ExhaustionRule exhaustion;
  };

  void fault(std::string_view what);
  void tell(const MemoryEvent& event);
  void judge(MemoryAlarm alarm, Series& series, std::string_view name, const MemoryUse& use, double seconds);
  void sample(double seconds);

  MonitorOptions options_;
  SystemMemory system_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::uint64_t, Callback>> callbacks_;
  std::uint64_t next_number_ = 1;
  std::optional<MonitorOptions::Clock::time_point> last_;
  std::optional<SystemReading> reading_;
  Series whole_;
  Hysteresis group_;
  Hysteresis stalled_;
  Hysteresis fragmentation_;
  std::vector<Series> gauges_;  ///< (options.gauges)
  std::size_t alarms_ = 0;
  std::string missing_;  ///< as the last reading said
  std::string last_fault_;
  std::uint64_t faults_ = 0;
};

/// The share of what the allocator of this program has from the system that is free, and not given back: glibc's
/// mallinfo2. 0 with another C library.
double heap_fragmentation();

}  // namespace asterism::machines

#if !defined(ASTERISM_COMPILED)
#include "asterism/machine/memory_monitor_impl.hpp"
#endif
