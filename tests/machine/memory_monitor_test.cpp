// A monitor tells of each alarm at its threshold and not before, once, and goes on where something fails.
#include "asterism/machine/memory_monitor.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "machine/fake_system.hpp"
#include "support/files.hpp"

using namespace asterism;
using machines::MemoryAlarm;
using machines::MemoryEvent;
using machines::MemoryMonitor;
using machines::MemoryUse;
using machines::MonitorOptions;
using test::FakeSystem;

namespace {

/// A monitor of a fake system, a gauge and a clock of the test's own.
struct Watched {
  FakeSystem system;
  MemoryUse gauge{1_GiB, 4_GiB};
  double fragmentation = 0;
  bool throws = false;
  MonitorOptions::Clock::time_point now{};
  std::vector<MemoryEvent> events;
  MemoryMonitor monitor;

  Watched() : monitor(prepare()) {
    monitor.watch([this](const MemoryEvent& event) { events.push_back(event); });
  }
  /// After a second.
  std::vector<MemoryEvent> poll() {
    now += std::chrono::seconds(1);
    events.clear();
    CHECK(monitor.poll());
    return events;
  }

 private:
  MonitorOptions prepare() {
    system.set_memory(100_GiB, 50_GiB);
    system.set_pressure(0);
    system.set_group_path("/a", true);
    system.set_group("/a", true, 10_GiB, 1_GiB, 0_B);
    MonitorOptions options;
    options.root = system.root();
    options.gauges = {{"device 0", [this] { return throws ? throw 1 : gauge; }}};
    options.now = [this] { return now; };
    options.fragmentation = [this] { return throws ? throw 2 : fragmentation; };
    return options;
  }
};

void check_one(const std::vector<MemoryEvent>& events, MemoryAlarm alarm, bool begins) {
  REQUIRE(events.size() == 1);
  CHECK(to_string(events[0].alarm) == to_string(alarm));
  CHECK(events[0].begins == begins);
}

}  // namespace

TEST_CASE("each share has its two thresholds") {
  Watched watched;
  CHECK(watched.poll().empty());
  struct Try {
    MemoryAlarm alarm;
    std::function<void(double)> set;
    double on;
    double off;
  };
  const auto of_100_gib = [](double share) { return Bytes{static_cast<std::uint64_t>(share * 1e5 + .5) << 20U}; };
  const std::vector<Try> tries = {
      {MemoryAlarm::system,
       [&](double share) { watched.system.set_memory(of_100_gib(1), of_100_gib(1) - of_100_gib(share)); }, .90,
       .75},
      {MemoryAlarm::control_group,
       [&](double share) { watched.system.set_group("/a", true, of_100_gib(1), of_100_gib(share), 0_B); }, .90,
       .75},
      {MemoryAlarm::pressure, [&](double share) { watched.system.set_pressure(share * 100); }, .10, .05},
      {MemoryAlarm::gauge,
       [&](double share) {
         watched.gauge = {of_100_gib(share), of_100_gib(1)};
       },
       .90, .75},
      {MemoryAlarm::fragmentation, [&](double share) { watched.fragmentation = share; }, .30, .25}};
  for (const Try& one : tries) {
    CAPTURE(to_string(one.alarm));
    const auto told = [&](double share) {
      one.set(share);
      std::vector<MemoryEvent> events = watched.poll();
      std::erase_if(events, [](const MemoryEvent& event) { return event.alarm == MemoryAlarm::exhaustion; });
      return events;
    };
    CHECK(told(one.off - .0005).empty());
    CHECK(told(one.on - .0005).empty());
    check_one(told(one.on), one.alarm, true);
    CHECK(watched.events.front().value == doctest::Approx(one.on));
    CHECK(watched.monitor.alarms() >= 1);
    CHECK(told(one.on + .01).empty());
    CHECK(told(one.off + .0005).empty());
    check_one(told(one.off), one.alarm, false);
    CHECK(told(one.on - .0005).empty());
    one.set(0);
    for (std::size_t i = 0; i < 25; ++i) watched.poll();
    CHECK(watched.monitor.alarms() == 0);
  }
  CHECK(watched.monitor.last_fault().empty());
}

TEST_CASE("growth and exhaustion of a gauge, by its name") {
  Watched watched;
  watched.gauge = {0_B, 100_GiB};
  std::vector<MemoryEvent> all;
  for (std::size_t i = 0; i < 25; ++i) {
    const auto events = watched.poll();
    all.insert(all.end(), events.begin(), events.end());
    watched.gauge.used += 50_MiB;
  }
  check_one(all, MemoryAlarm::growth, true);
  CHECK(all[0].name == "device 0");
  all.clear();
  watched.gauge.limit = watched.gauge.used + 200_MiB;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto events = watched.poll();
    all.insert(all.end(), events.begin(), events.end());
    watched.gauge.used += 50_MiB;
  }
  REQUIRE(all.size() == 2);
  CHECK(all[0].alarm == MemoryAlarm::exhaustion);
  CHECK(all[0].value < 60);
  CHECK(all[1].alarm == MemoryAlarm::gauge);  // a little later its share too
}

TEST_CASE("samples are taken once a period") {
  Watched watched;
  watched.poll();
  watched.now += std::chrono::milliseconds(999);
  CHECK(!watched.monitor.poll());
  watched.now += std::chrono::milliseconds(1);
  CHECK(watched.monitor.poll());
}

TEST_CASE("a callback that throws is told, and the others are called all the same") {
  Watched watched;
  std::size_t called = 0;
  const std::uint64_t first =
      watched.monitor.watch([](const MemoryEvent&) { throw std::runtime_error("not today"); });
  watched.monitor.watch([&](const MemoryEvent&) { ++called; });
  watched.fragmentation = .5;
  check_one(watched.poll(), MemoryAlarm::fragmentation, true);
  CHECK(called == 1);
  CHECK(watched.monitor.faults() == 1);
  CHECK(test::contains(watched.monitor.last_fault(), "fragmentation"));
  CHECK(test::contains(watched.monitor.last_fault(), "not today"));
  watched.monitor.forget(first);
  watched.fragmentation = 0;
  watched.poll();
  CHECK(called == 2);
  CHECK(watched.monitor.faults() == 1);
}

TEST_CASE("a control group that vanishes is told once; its alarm stays, the rest is judged") {
  Watched watched;
  watched.system.set_group("/a", true, 10_GiB, 10_GiB, 0_B);
  check_one(watched.poll(), MemoryAlarm::control_group, true);
  std::filesystem::remove_all(watched.system.root() + "sys/fs/cgroup/a");
  CHECK(watched.poll().empty());
  CHECK(watched.monitor.faults() == 1);
  CHECK(test::contains(watched.monitor.last_fault(), "the group /a"));
  watched.system.set_pressure(50);
  check_one(watched.poll(), MemoryAlarm::pressure, true);
  CHECK(watched.monitor.faults() == 1);
  watched.system.set_group("/a", true, std::nullopt, 10_GiB, 0_B);  // there again, without a limit
  check_one(watched.poll(), MemoryAlarm::control_group, false);
}

TEST_CASE("a file of the group that can't be read for a moment ends no alarm") {
  Watched watched;
  watched.system.set_group("/a", true, 10_GiB, 10_GiB, 0_B);
  check_one(watched.poll(), MemoryAlarm::control_group, true);
  std::filesystem::remove(watched.system.root() + "sys/fs/cgroup/a/memory.current");
  CHECK(watched.poll().empty());
  CHECK(watched.monitor.alarms() == 1);
  watched.system.set_group("/a", true, 10_GiB, 1_GiB, 0_B);
  check_one(watched.poll(), MemoryAlarm::control_group, false);
}

TEST_CASE("a group at the root of its hierarchy that vanishes is told, too") {
  Watched watched;
  watched.system.set_group_path("/", true);
  watched.system.set_group("", true, 10_GiB, 10_GiB, 0_B);
  check_one(watched.poll(), MemoryAlarm::control_group, true);
  for (const char* gone : {"sys/fs/cgroup/memory.max", "proc/self/cgroup"}) {
    CAPTURE(gone);
    const std::uint64_t before = watched.monitor.faults();
    std::filesystem::remove(watched.system.root() + gone);
    CHECK(watched.poll().empty());
    CHECK(watched.monitor.faults() == before + 1);
    CHECK(test::contains(watched.monitor.last_fault(), "control group are not there any more"));
    watched.system.set_group_path("/", true);
    watched.system.set_group("", true, 10_GiB, 10_GiB, 0_B);
    CHECK(watched.poll().empty());
  }
}

TEST_CASE("a file with nonsense takes nothing from the system's alarm, and is told once") {
  for (const char* name : {"proc/pressure/memory", "proc/self/cgroup", "sys/fs/cgroup/a/memory.max",
                           "sys/fs/cgroup/a/memory.current", "sys/fs/cgroup/a/memory.stat"}) {
    CAPTURE(name);
    Watched watched;
    watched.system.set_memory(100_GiB, 1_GiB);
    watched.system.set_pressure(50);
    watched.system.set_group("/a", true, 10_GiB, 10_GiB, 0_B);
    CHECK(watched.poll().size() == 3);
    test::write_file(watched.system.root() + name, "nonsense\n");
    for (std::size_t i = 0; i < 3; ++i) CHECK(watched.poll().empty());
    CHECK(watched.monitor.faults() == 1);
    CHECK(test::contains(watched.monitor.last_fault(), name));
    watched.system.set_memory(100_GiB, 90_GiB);
    check_one(watched.poll(), MemoryAlarm::system, false);
    CHECK(watched.monitor.alarms() == 2);
  }
}

TEST_CASE("what is no exception of the library ends no poll, and keeps alarms as they are") {
  Watched watched;
  watched.gauge.used = watched.gauge.limit;
  watched.fragmentation = .5;
  CHECK(watched.poll().size() == 2);
  watched.monitor.watch([](const MemoryEvent&) { throw 1; });
  watched.throws = true;
  for (std::size_t i = 0; i < 3; ++i) CHECK(watched.poll().empty());
  CHECK(watched.monitor.alarms() == 2);
  CHECK(watched.monitor.faults() == 2);
  CHECK(test::contains(watched.monitor.last_fault(), "MonitorOptions::fragmentation threw"));
  watched.throws = false;
  watched.gauge.used = 0_B;
  check_one(watched.poll(), MemoryAlarm::gauge, false);
  CHECK(test::contains(watched.monitor.last_fault(), "a callback threw at the alarm 'gauge'"));
}

TEST_CASE("callbacks and gauges may ask the monitor, and wait for who asks it") {
  Watched watched;
  std::mutex pass;
  std::atomic<bool> holds = false;
  bool polled = true;
  std::size_t alarms = 0;
  std::size_t asked = 0;
  std::uint64_t itself = 0;
  itself = watched.monitor.watch([&](const MemoryEvent&) {
    CHECK(watched.monitor.reading());
    CHECK(watched.monitor.alarms() == 1);
    CHECK(watched.monitor.last_fault().empty());
    CHECK(watched.monitor.faults() == 0);
    CHECK(!watched.monitor.poll());
    watched.monitor.forget(itself);
    watched.monitor.watch([](const MemoryEvent&) {});
    ++asked;
    std::thread other([&] {
      const std::lock_guard lock(pass);
      holds = true;
      alarms = watched.monitor.alarms();
      polled = watched.monitor.poll();
    });
    while (!holds) std::this_thread::yield();
    { const std::lock_guard lock(pass); }  // waits for a pass that asks the monitor
    other.join();
  });
  watched.fragmentation = .5;
  check_one(watched.poll(), MemoryAlarm::fragmentation, true);
  CHECK(asked == 1);
  CHECK(alarms == 1);
  CHECK(!polled);
}

TEST_CASE("a limit of 0 is none") {
  Watched watched;
  watched.gauge = {0_B, 0_B};
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(watched.poll().empty());
    watched.gauge.used += 1_GiB;
  }
}

TEST_CASE("thresholds that are the wrong way round are refused by name") {
  MonitorOptions options;
  options.limits.used = {.75, .90};
  test::check_error<InvalidArgument>([&] { MemoryMonitor monitor(options); }, {"WatchLimits::used", "above"});
  options.limits = {};
  options.limits.exhaustion = {120, 60};
  test::check_error<InvalidArgument>([&] { MemoryMonitor monitor(options); },
                                     {"WatchLimits::exhaustion", "below"});
}

TEST_CASE("a file with nonsense is told by name, and gauges are judged all the same") {
  Watched watched;
  test::write_file(watched.system.root() + "proc/meminfo", "MemTotal: lots\n");
  watched.gauge.used = watched.gauge.limit;
  check_one(watched.poll(), MemoryAlarm::gauge, true);
  CHECK(!watched.monitor.reading());
  CHECK(test::contains(watched.monitor.last_fault(), "proc/meminfo, line 1"));
  watched.system.set_memory(100_GiB, 50_GiB);
  watched.poll();
  REQUIRE(watched.monitor.reading());
  CHECK(watched.monitor.reading()->memory.total == 100_GiB);
}

TEST_CASE("1000 random walks around each share's thresholds are told exactly once per crossing") {
  struct Walk {
    MemoryAlarm alarm;
    Hysteresis limit;
    double share = 0;
    bool on = false;
  };
  Random random(6);
  std::size_t crossings = 0;
  Watched watched;
  Walk walks[] = {{MemoryAlarm::system, {.90, .75}},
                  {MemoryAlarm::control_group, {.90, .75}},
                  {MemoryAlarm::pressure, {.10, .05}},
                  {MemoryAlarm::gauge, {.90, .75}},
                  {MemoryAlarm::fragmentation, {.30, .25}}};
  for (std::size_t walk = 0; walk < 1000; ++walk) {
    for (std::size_t step = 0; step < 16; ++step) {
      for (Walk& one : walks) {
        const double middle = (one.limit.on() + one.limit.off()) / 2;
        const double reach = one.limit.on() - one.limit.off();
        if (step == 0) one.share = middle;
        one.share += (random.uniform() - .5) * reach;
        one.share = std::clamp(one.share, middle - reach, std::min(1.0, middle + reach));
        one.share = std::round(one.share * 1e4) / 1e4;
      }
      const auto of_100_gib = [](double share) {
        return Bytes{static_cast<std::uint64_t>(share * 1e4 + .5) << 20U};
      };
      watched.system.set_memory(of_100_gib(1), of_100_gib(1) - of_100_gib(walks[0].share));
      watched.system.set_group("/a", true, of_100_gib(1), of_100_gib(walks[1].share), 0_B);
      watched.system.set_pressure(100 * walks[2].share);
      watched.gauge = {of_100_gib(walks[3].share), of_100_gib(1)};
      watched.fragmentation = walks[4].share;
      const std::vector<MemoryEvent> events = watched.poll();
      for (Walk& one : walks) {
        const auto told = std::count_if(events.begin(), events.end(),
                                        [&](const MemoryEvent& event) { return event.alarm == one.alarm; });
        const bool crosses = one.on ? one.share <= one.limit.off() : one.share >= one.limit.on();
        REQUIRE(told == (crosses ? 1 : 0));
        if (!crosses) continue;
        one.on = !one.on;
        ++crossings;
      }
    }
  }
  CHECK(crossings > 3000);
}

TEST_CASE("what a monitor can't watch is refused") {
  MonitorOptions options;
  options.gauges = {{"", [] { return MemoryUse{}; }}};
  test::check_error<InvalidArgument>([&] { MemoryMonitor monitor(options); }, {"name"});
  test::check_error<InvalidArgument>([] { MemoryMonitor().watch({}); }, {"function"});
  CHECK(machines::heap_fragmentation() >= 0);
  CHECK(machines::heap_fragmentation() <= 1);
}
