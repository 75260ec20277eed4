// Bodies of memory_monitor.hpp.
#pragma once

#include <algorithm>
#include <exception>
#include <memory>
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

inline void check_limits(const WatchLimits& limits) {
  const auto check = [](const char* name, const Hysteresis& limit, bool rises) {
    if (limit.rises() == rises) return;
    throw InvalidArgument(concat("WatchLimits::", name, " begins at ", limit.on(), " and is over at ", limit.off(),
                                 ": it has to begin ", rises ? "above" : "below", " that"));
  };
  check("used", limits.used, true);
  check("stalled", limits.stalled, true);
  check("exhaustion", limits.exhaustion, false);
  check("fragmentation", limits.fragmentation, true);
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
  detail::check_limits(options_.limits);
  if (!options_.now) throw InvalidArgument("MonitorOptions::now must be set");
}

ASTERISM_INLINE std::uint64_t MemoryMonitor::watch(Callback callback) {
  if (!callback) throw InvalidArgument("MemoryMonitor::watch needs a function");
  auto shared = std::make_shared<const Callback>(std::move(callback));
  const std::lock_guard lock(mutex_);
  callbacks_.emplace_back(next_number_, std::move(shared));
  return next_number_++;
}

ASTERISM_INLINE void MemoryMonitor::forget(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  std::erase_if(callbacks_, [number](const auto& one) { return one.first == number; });
  polled_.wait(lock, [this] { return !poller_ || *poller_ == std::this_thread::get_id(); });
}

ASTERISM_INLINE bool MemoryMonitor::poll() {
  const auto now = options_.now();
  {
    const std::lock_guard lock(mutex_);
    if (poller_ || (last_ && now - *last_ < options_.period)) return false;
    last_ = now;
    poller_ = std::this_thread::get_id();
  }
  try {
    sample(std::chrono::duration<double>(now.time_since_epoch()).count());
  } catch (const std::exception& error) {
    fault("a sample of memory ended early: ", error.what());
  }
  {
    const std::lock_guard lock(mutex_);
    poller_.reset();
  }
  polled_.notify_all();
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

template <class... What>
void MemoryMonitor::fault(const What&... what) noexcept {
  const std::lock_guard lock(mutex_);
  ++faults_;
  try {
    last_fault_ = concat(what...);
  } catch (...) {
    last_fault_.clear();  // there is no memory for a sentence
  }
}

/// The fault of something that is read with each sample; empty: it could be.
ASTERISM_INLINE void MemoryMonitor::going_on(std::string& last, std::string_view is) noexcept {
  if (last == is) return;
  if (!is.empty()) fault(is);
  try {
    last = is;
  } catch (...) {
    last.clear();
  }
}

/// Calls f, which reads something; what it throws is a fault.
template <class F>
void MemoryMonitor::read(std::string& last, std::string_view from, F&& f) {
  try {
    f();
    last.clear();
  } catch (const std::exception& error) {
    going_on(last, concat(from, " threw: ", error.what()));
  } catch (...) {
    going_on(last, concat(from, " threw"));
  }
}

ASTERISM_INLINE void MemoryMonitor::tell(const MemoryEvent& event) {
  std::uint64_t called = 0;
  const auto next = [&]() -> std::shared_ptr<const Callback> {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(callbacks_, [&](const auto& one) { return one.first > called; });
    if (found == callbacks_.end()) return nullptr;
    called = found->first;
    return found->second;
  };
  {
    const std::lock_guard lock(mutex_);
    alarms_ = event.begins ? alarms_ + 1 : alarms_ - 1;
  }
  while (const std::shared_ptr<const Callback> callback = next()) {
    try {
      (*callback)(event);
    } catch (const std::exception& error) {
      fault("a callback threw at the alarm '", to_string(event.alarm), "': ", error.what());
    } catch (...) {
      fault("a callback threw at the alarm '", to_string(event.alarm), "'");
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

ASTERISM_INLINE void MemoryMonitor::judge_system(const SystemReading& reading, double seconds) {
  const FreeMemory& memory = reading.memory;
  judge(MemoryAlarm::system, whole_, {}, {memory.total - memory.available, memory.total}, seconds);
  if (reading.group_known) {
    had_group_ = true;
    const double share = reading.group ? detail::share_of({reading.group->used, reading.group->limit}) : 0;
    if (group_.update(share)) tell({MemoryAlarm::control_group, group_.is_on(), {}, share});
  }
  if (reading.stalled && stalled_.update(*reading.stalled)) {
    tell({MemoryAlarm::pressure, stalled_.is_on(), {}, *reading.stalled});
  }
}

ASTERISM_INLINE void MemoryMonitor::sample(double seconds) {
  std::optional<SystemReading> found;
  try {
    found = system_.read();
    if (found->missing.empty() && had_group_ && !found->group_known) {
      found->missing = "the files of this process's control group are not there any more";
    }
    going_on(whole_.fault, found->missing);
  } catch (const std::exception& error) {
    found.reset();
    going_on(whole_.fault, error.what());
  }
  {
    const std::lock_guard lock(mutex_);
    reading_.swap(found);
  }
  if (reading_) judge_system(*reading_, seconds);  // only a poller writes it
  for (std::size_t i = 0; i < gauges_.size(); ++i) {
    const MemoryGauge& gauge = options_.gauges[i];
    read(gauges_[i].fault, concat("the gauge '", gauge.name, "'"),
         [&] { judge(MemoryAlarm::gauge, gauges_[i], gauge.name, gauge.read(), seconds); });
  }
  if (!options_.fragmentation) return;
  read(fragmentation_fault_, "MonitorOptions::fragmentation", [&] {
    const double share = options_.fragmentation();
    if (fragmentation_.update(share)) tell({MemoryAlarm::fragmentation, fragmentation_.is_on(), {}, share});
  });
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
