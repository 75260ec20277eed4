// Watches memory: of arenas, devices, control groups and the system, and tells who asked when it becomes scarce.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
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
  Bytes limit{};  ///< 0: there is none, and the memory can't be exhausted
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
/// judged of the system and of each gauge. What can't be read, for whatever reason, keeps its alarms as they are until
/// it can be read again, and `last_fault` says why. A callback that throws ends nothing either. Thread-safe: one thread
/// polls at a time. Callbacks and gauges are called without a lock, and may call all members.
class MemoryMonitor {
 public:
  using Callback = std::function<void(const MemoryEvent&)>;

  /// Throws InvalidArgument for gauges without a name or a function, and for limits that are the wrong way round.
  explicit MemoryMonitor(MonitorOptions options = {});

  /// Called for every event from now on, until the returned number is given to `forget`.
  std::uint64_t watch(Callback callback);
  /// It is called no more once this returns: waits for a poll of another thread, whose callbacks must not wait for this
  /// one meanwhile.
  void forget(std::uint64_t number);

  /// Takes a sample if one is due and no poll is under way, and tells what changed. True if it took one. Never throws
  /// for what it reads: where a file of the system is missing or not as it should be, `last_fault` says so, and the
  /// rest is judged all the same, but of the system nothing without /proc/meminfo.
  bool poll();

  /// Of the last sample, empty where /proc/meminfo could not be read.
  std::optional<SystemReading> reading() const;
  /// Alarms that are on.
  std::size_t alarms() const;
  /// What went wrong last; empty: nothing has.
  std::string last_fault() const;
  /// Faults so far; one that goes on from sample to sample counts once.
  std::uint64_t faults() const;

 private:
  struct Series {
    Series(const WatchLimits& limits)
        : used(limits.used), growth(limits.leak_step), exhaustion(limits.exhaustion) {}
    Hysteresis used;
    GrowthRule growth;
    ExhaustionRule exhaustion;
    std::string fault{};  ///< of its last reading
  };

  template <class... What>
  void fault(const What&... what) noexcept;
  void going_on(std::string& last, std::string_view is) noexcept;
  template <class F>
  void read(std::string& last, std::string_view from, F&& f);
  void tell(const MemoryEvent& event);
  void judge(MemoryAlarm alarm, Series& series, std::string_view name, const MemoryUse& use, double seconds);
  void judge_system(const SystemReading& reading, double seconds);
  void sample(double seconds);

  MonitorOptions options_;
  SystemMemory system_;

  mutable std::mutex mutex_;        ///< of what follows
  std::condition_variable polled_;  ///< nobody polls any more
  std::optional<std::thread::id> poller_;
  std::vector<std::pair<std::uint64_t, std::shared_ptr<const Callback>>> callbacks_;  ///< in the numbers' order
  std::uint64_t next_number_ = 1;
  std::optional<MonitorOptions::Clock::time_point> last_;
  std::optional<SystemReading> reading_;
  std::size_t alarms_ = 0;
  std::string last_fault_;
  std::uint64_t faults_ = 0;

  // The poller's alone.
  Series whole_;
  Hysteresis group_;
  bool had_group_ = false;
  Hysteresis stalled_;
  Hysteresis fragmentation_;
  std::string fragmentation_fault_;
  std::vector<Series> gauges_;  ///< (options.gauges)
};

/// The share of what the allocator of this program has from the system that is free, and not given back: glibc's
/// mallinfo2. 0 with another C library.
double heap_fragmentation();

}  // namespace asterism::machines

#if !defined(ASTERISM_COMPILED)
#include "asterism/machine/memory_monitor_impl.hpp"
#endif
