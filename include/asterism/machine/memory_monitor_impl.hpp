// Bodies of memory_monitor.hpp.
#pragma once

#include <algorithm>
#include <exception>
#include <utility>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/memory_monitor.hpp"

namespace asterism::machines {

namespace detail {

inline double share_of(const MemoryUse& use) {
  return use.limit == Bytes{} ? 0 : static_cast<double>(use.used.count) / static_cast<double>(use.limit.count);
}

}  // namespace detail

ASTERISM_INLINE std::string_view to_string(MemoryAlarm alarm) {
  constexpr std::string_view names[] = {"system", "control group", "pressure",     "gauge",
                                        "growth", "exhaustion",    "fragmentation"};
  return names[static_cast<std::size_t>(alarm)];
}

ASTERISM_INLINE MemoryMonitor::MemoryMonitor(MonitorOptions options)
    : options_(std::move(options)),
      system_(options_.root),
      whole_(options_.limits),
      group_(options_.limits.used),
      stalled_(options_.limits.stalled),
      fragmentation_(options_.limits.fragmentation),
      gauges_(options_.gauges.size(), Series(options_.limits)) {
  for (const MemoryGauge& gauge : options_.gauges) {
    if (gauge.name.empty() || !gauge.read)
      throw InvalidArgument("a MemoryGauge needs a name and a function to read");
  }
  if (!options_.now) throw InvalidArgument("MonitorOptions::now must be set");
}

ASTERISM_INLINE std::uint64_t MemoryMonitor::watch(Callback callback) {
  if (!callback) throw InvalidArgument("MemoryMonitor::watch needs a function");
  const std::lock_guard lock(mutex_);
  callbacks_.emplace_back(next_number_, std::move(callback));
  return next_number_++;
}

ASTERISM_INLINE void MemoryMonitor::forget(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  std::erase_if(callbacks_, [number](const auto& one) { return one.first == number; });
}

ASTERISM_INLINE bool MemoryMonitor::poll() {
  const auto now = options_.now();
  const std::lock_guard lock(mutex_);
  if (last_ && now - *last_ < options_.period) return false;
  last_ = now;
  sample(std::chrono::duration<double>(now.time_since_epoch()).count());
  return true;
}

ASTERISM_INLINE std::optional<SystemReading> MemoryMonitor::reading() const {
  const std::lock_guard lock(mutex_);
  return reading_;
}
ASTERISM_INLINE std::size_t MemoryMonitor::alarms() const {
  const std::lock_guard lock(mutex_);
  return alarms_;
}
ASTERISM_INLINE std::string MemoryMonitor::last_fault() const {
  const std::lock_guard lock(mutex_);
  return last_fault_;
}
ASTERISM_INLINE std::uint64_t MemoryMonitor::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

ASTERISM_INLINE void MemoryMonitor::fault(std::string_view what) {
  last_fault_ = what;
  ++faults_;
}

ASTERISM_INLINE void MemoryMonitor::tell(const MemoryEvent& event) {
  alarms_ = event.begins ? alarms_ + 1 : alarms_ - 1;
  for (const auto& [number, callback] : callbacks_) {
    try {
      callback(event);
    } catch (const std::exception& error) {
      fault(concat("a callback threw at the alarm '", to_string(event.alarm), "': ", error.what()));
    } catch (...) {
      fault(concat("a callback threw at the alarm '", to_string(event.alarm), "'"));
    }
  }
}

ASTERISM_INLINE void MemoryMonitor::judge(MemoryAlarm alarm, Series& series, std::string_view name,
                                          const MemoryUse& use, double seconds) {
  const double share = detail::share_of(use);
  if (series.used.update(share)) tell({alarm, series.used.is_on(), name, share});
  if (series.growth.update(use.used)) {
    tell({MemoryAlarm::growth, series.growth.is_on(), name, static_cast<double>(use.used.count)});
  }
  if (series.exhaustion.update(seconds, use.used, use.limit)) {
    tell({MemoryAlarm::exhaustion, series.exhaustion.is_on(), name, series.exhaustion.seconds_left().value_or(0)});
  }
}

ASTERISM_INLINE void MemoryMonitor::sample(double seconds) {
  reading_.reset();
  try {
    reading_ = system_.read();
  } catch (const Error& error) {
    fault(error.what());
  }
  if (reading_) {
    if (reading_->missing != missing_ && !reading_->missing.empty()) fault(reading_->missing);
    missing_ = reading_->missing;
    const FreeMemory& memory = reading_->memory;
    judge(MemoryAlarm::system, whole_, {}, {memory.total - memory.available, memory.total}, seconds);
    // What can't be read any more is no alarm: the system's memory is judged in its place.
    const double group = reading_->group ? detail::share_of({reading_->group->used, reading_->group->limit}) : 0;
    if (group_.update(group)) tell({MemoryAlarm::control_group, group_.is_on(), {}, group});
    const double stalled = reading_->stalled.value_or(0);
    if (stalled_.update(stalled)) tell({MemoryAlarm::pressure, stalled_.is_on(), {}, stalled});
  }
  for (std::size_t i = 0; i < gauges_.size(); ++i) {
    const MemoryGauge& gauge = options_.gauges[i];
    std::optional<MemoryUse> use;
    try {
      use = gauge.read();
    } catch (const std::exception& error) {
      fault(concat("the gauge '", gauge.name, "' threw: ", error.what()));
    }
    if (use) judge(MemoryAlarm::gauge, gauges_[i], gauge.name, *use, seconds);
  }
  if (!options_.fragmentation) return;
  try {
    const double share = options_.fragmentation();
    if (fragmentation_.update(share)) tell({MemoryAlarm::fragmentation, fragmentation_.is_on(), {}, share});
  } catch (const std::exception& error) {
    fault(concat("MonitorOptions::fragmentation threw: ", error.what()));
  }
}

ASTERISM_INLINE double heap_fragmentation() {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
  const auto heap = ::mallinfo2();
  const auto held = static_cast<double>(heap.arena) + static_cast<double>(heap.hblkhd);
  return held > 0 ? static_cast<double>(heap.fordblks) / held : 0;
#else
  return 0;
#endif
}

}  // namespace asterism::machines
