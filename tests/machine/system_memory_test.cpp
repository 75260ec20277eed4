// What the system says of its memory, read from fixtures.
#include "asterism/machine/system_memory.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "machine/fake_system.hpp"
#include "support/files.hpp"

using namespace asterism;
using machines::SystemMemory;
using machines::SystemReading;
using test::check_error;
using test::FakeSystem;

TEST_CASE("meminfo") {
  const auto memory =
      machines::parse_meminfo("MemTotal:       16 kB\nMemFree: 1 kB\nMemAvailable:    4 kB\n", "file");
  CHECK(memory.total == 16_KiB);
  CHECK(memory.available == 4_KiB);
  const auto parse = [](const char* text) { return [=] { machines::parse_meminfo(text, "file"); }; };
  check_error<FormatError>(parse("MemTotal: 16 kB\n"), {"file", "MemAvailable"});
  check_error<FormatError>(parse("MemTotal: 16 kB\nMemAvailable: 4 MB\n"), {"file, line 2", "kB", "4 MB"});
  check_error<FormatError>(parse("MemTotal: x kB\nMemAvailable: 4 kB\n"), {"file, line 1", "number"});
  check_error<FormatError>(parse("MemTotal: -1 kB\nMemAvailable: 4 kB\n"), {"line 1"});
  check_error<FormatError>(parse("MemTotal: 16 kB\nMemTotal: 16 kB\n"), {"line 2", "once"});
  check_error<FormatError>(parse("MemTotal: 16 kB\nMemAvailable: 17 kB\n"), {"at most MemTotal"});
  check_error<FormatError>(parse("MemTotal: 9999999999999999 kB\nMemAvailable: 1 kB\n"), {"line 1", "2^50"});
}

TEST_CASE("pressure") {
  const std::string full = "full avg10=9.00 avg60=0.00 avg300=0.00 total=0\n";
  CHECK(machines::parse_pressure("some avg10=2.50 avg60=0.00 avg300=0.00 total=12\n" + full, "file") == .025);
  const auto parse = [](std::string text) { return [=] { machines::parse_pressure(text, "file"); }; };
  check_error<FormatError>(parse(full), {"file", "some"});
  check_error<FormatError>(parse("some avg60=1\n"), {"file, line 1", "avg10"});
  check_error<FormatError>(parse(full + "some avg10=101 avg60=1\n"), {"line 2", "0 to 100"});
  check_error<FormatError>(parse("some avg10=nan avg60=1\n"), {"line 1", "0 to 100"});
}

TEST_CASE("files of control groups") {
  CHECK(machines::parse_group_number("123\n", "file") == 123);
  CHECK(!machines::parse_group_number("max\n", "file"));
  const auto number = [](const char* text) { return [=] { machines::parse_group_number(text, "file"); }; };
  check_error<FormatError>(number(""), {"file", "nothing"});
  check_error<FormatError>(number("12 kB\n"), {"file, line 1", "12 kB"});
  check_error<FormatError>(number("12\n13\n"), {"one line"});
  CHECK(machines::parse_group_stat("anon 1\ninactive_file 42\n", "inactive_file", "file") == 42);
  const auto stat = [](const char* text) {
    return [=] { machines::parse_group_stat(text, "inactive_file", "file"); };
  };
  check_error<FormatError>(stat("anon 1\n"), {"file", "inactive_file"});
  check_error<FormatError>(stat("inactive_file -1\n"), {"file, line 1", "number"});
  CHECK(machines::parse_group_path("0::/a/b\n", "file")->path == "/a/b");
  CHECK(machines::parse_group_path("0::/a/b\n", "file")->unified);
  const auto first = machines::parse_group_path("5:cpu,memory:/docker/x\n0::/y\n", "file");
  CHECK(first->path == "/docker/x");
  CHECK(!first->unified);
  CHECK(!machines::parse_group_path("", "file"));
  CHECK(!machines::parse_group_path("5:cpu:/x\n", "file"));
  const auto path = [](const char* text) { return [=] { machines::parse_group_path(text, "file"); }; };
  check_error<FormatError>(path("0::/\nmemory\n"), {"file, line 2"});
  check_error<FormatError>(path("0:x\n"), {"file, line 1"});
}

TEST_CASE("a system without control groups") {
  FakeSystem system;
  system.set_memory(16_GiB, 4_GiB);
  SystemReading reading = SystemMemory(system.root()).read();
  CHECK(reading.memory.total == 16_GiB);
  CHECK(!reading.group);
  CHECK(!reading.stalled);
  CHECK(test::contains(reading.missing, "proc/pressure/memory"));
  system.set_pressure(7);
  reading = SystemMemory(system.root()).read();
  CHECK(reading.stalled == doctest::Approx(.07));
  CHECK(reading.missing.empty());
}

TEST_CASE("the tightest group around counts, without files that were not read lately") {
  for (const bool unified : {true, false}) {
    CAPTURE(unified);
    FakeSystem system;
    system.set_memory(16_GiB, 4_GiB);
    system.set_pressure(0);
    system.set_group_path("/outer/inner", unified);
    system.set_group("/outer/inner", unified, 1_GiB, 512_MiB, 100_MiB);
    system.set_group("/outer", unified, 2_GiB, 2_GiB - 10_MiB, 5_MiB);
    const SystemReading reading = SystemMemory(system.root()).read();
    REQUIRE(reading.group);
    CHECK(reading.group->limit == 2_GiB);
    CHECK(reading.group->used == 2_GiB - 15_MiB);
    CHECK(reading.missing.empty());
    system.set_group("/outer", unified, 4_GiB, 1_GiB, 5_MiB);
    CHECK(SystemMemory(system.root()).read().group->limit == 1_GiB);
    CHECK(SystemMemory(system.root()).read().group->used == 412_MiB);
  }
}

TEST_CASE("of version 2 memory.high is a limit, and the group's own pressure counts") {
  FakeSystem system;
  system.set_memory(16_GiB, 4_GiB);
  system.set_pressure(2);
  system.set_group_path("/a", true);
  system.set_group("/a", true, std::nullopt, 512_MiB, 0_B);
  test::write_file(system.root() + "sys/fs/cgroup/a/memory.high", concat((600_MiB).count, "\n"));
  const std::string pressure = system.root() + "sys/fs/cgroup/a/memory.pressure";
  test::write_file(pressure, "some avg10=7.00 avg60=0.00 avg300=0.00 total=1\n");
  SystemReading reading = SystemMemory(system.root()).read();
  REQUIRE(reading.group);
  CHECK(reading.group->limit == 600_MiB);
  CHECK(reading.stalled == doctest::Approx(.07));
  test::write_file(pressure, "some avg10=1.00 avg60=0.00 avg300=0.00 total=1\n");
  system.set_group("/a", true, 550_MiB, 512_MiB, 0_B);
  reading = SystemMemory(system.root()).read();
  CHECK(reading.group->limit == 550_MiB);
  CHECK(reading.stalled == doctest::Approx(.02));
}

TEST_CASE("a root is a folder, with or without a slash at its end") {
  FakeSystem system;
  system.set_memory(16_GiB, 4_GiB);
  const std::string root = system.root();
  REQUIRE(root.back() == '/');
  CHECK(SystemMemory(root.substr(0, root.size() - 1)).read().memory.total == 16_GiB);
}

TEST_CASE("no limit is none, in both versions") {
  FakeSystem system;
  system.set_memory(16_GiB, 4_GiB);
  system.set_group_path("/a", true);
  system.set_group("/a", true, std::nullopt, 512_MiB, 1_MiB);
  CHECK(!SystemMemory(system.root()).read().group);
  system.set_group_path("/a", false);
  system.set_group("/a", false, Bytes{9223372036854771712U}, 512_MiB, 1_MiB);
  CHECK(!SystemMemory(system.root()).read().group);
}

TEST_CASE("groups that vanish are told as missing; files with nonsense are named") {
  FakeSystem system;
  system.set_memory(16_GiB, 4_GiB);
  system.set_pressure(0);
  system.set_group_path("/a", true);
  system.set_group("/a", true, 1_GiB, 512_MiB, 1_MiB);
  CHECK(SystemMemory(system.root()).read().group);
  std::filesystem::remove(system.root() + "sys/fs/cgroup/a/memory.current");
  SystemReading reading = SystemMemory(system.root()).read();
  CHECK(!reading.group);
  CHECK(test::contains(reading.missing, "sys/fs/cgroup/a/memory.current can't be read"));
  std::filesystem::remove_all(system.root() + "sys/fs/cgroup/a");
  reading = SystemMemory(system.root()).read();
  CHECK(!reading.group);
  CHECK(test::contains(reading.missing, "/a"));
  system.set_group("/a", true, 1_GiB, 512_MiB, 1_MiB);
  test::write_file(system.root() + "sys/fs/cgroup/a/memory.max", std::string("lots\n"));
  reading = SystemMemory(system.root()).read();
  CHECK(!reading.group_known);
  CHECK(test::contains(reading.missing, "sys/fs/cgroup/a/memory.max, line 1"));
  CHECK(test::contains(reading.missing, "lots"));
  std::filesystem::remove(system.root() + "proc/meminfo");
  check_error<FileError>([&] { SystemMemory(system.root()).read(); }, {"proc/meminfo"});
}

TEST_CASE("this system can be read") {
  const SystemReading reading = SystemMemory().read();
  CHECK(reading.memory.total > 1_MiB);
  CHECK(reading.memory.available <= reading.memory.total);
}

TEST_CASE("texts with some bytes changed are read or refused by name") {
  const std::string texts[] = {"MemTotal:       16 kB\nMemAvailable:    4 kB\n",
                               "some avg10=2.50 avg60=0.00 avg300=0.00 total=12\n", "123\n", "inactive_file 42\n",
                               "5:cpu,memory:/docker/x\n0::/y\n"};
  Random random(4);
  for (std::size_t i = 0; i < 20000; ++i) {
    std::string text = texts[i % 5];
    for (std::size_t changes = 1 + random.below(3); changes > 0; --changes) {
      const std::size_t at = random.below(text.size());
      if (random.below(3) == 0) {
        text.erase(at, 1);
      } else {
        text[at] = static_cast<char>(random.below(256));
      }
      if (text.empty()) break;
    }
    try {
      switch (i % 5) {
        case 0:
          machines::parse_meminfo(text, "file");
          break;
        case 1:
          machines::parse_pressure(text, "file");
          break;
        case 2:
          machines::parse_group_number(text, "file");
          break;
        case 3:
          machines::parse_group_stat(text, "inactive_file", "file");
          break;
        default:
          machines::parse_group_path(text, "file");
      }
    } catch (const FormatError& error) {
      REQUIRE(test::contains(error.what(), "file"));
    }
  }
}
