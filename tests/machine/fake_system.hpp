// A folder with the files in which Linux tells of memory.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"

#include "support/files.hpp"

namespace asterism::test {

/// In memory where that is to be had: tests write the files ten thousands of times.
class FakeSystem {
 public:
  FakeSystem() {
    const std::filesystem::path memory = "/dev/shm";
    const bool there = std::filesystem::exists(memory);
    std::string name = ((there ? memory : std::filesystem::temp_directory_path()) / "asterism-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    root_ = name + "/";
  }
  FakeSystem(const FakeSystem&) = delete;
  FakeSystem& operator=(const FakeSystem&) = delete;
  ~FakeSystem() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  const std::string& root() const { return root_; }

  void set_memory(Bytes total, Bytes available) {
    write("proc/meminfo", concat("MemTotal:    ", total.count / 1024,
                                 " kB\nMemFree:       1 kB\nMemAvailable: ", available.count / 1024, " kB\n"));
  }
  void set_pressure(double percent) {
    write("proc/pressure/memory", concat("some avg10=", fixed(percent, 2), " avg60=0.00 avg300=0.00 total=1\n",
                                         "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"));
  }
  void set_group_path(const std::string& path, bool unified) {
    write("proc/self/cgroup",
          unified ? concat("0::", path, "\n") : concat("3:cpu:/\n2:memory:", path, "\n0::/\n"));
  }
  void set_group(const std::string& path, bool unified, std::optional<Bytes> limit, Bytes used, Bytes inactive) {
    const std::string folder = concat("sys/fs/cgroup", unified ? "" : "/memory", path, "/");
    const std::string most = limit ? concat(limit->count) : "max";
    write(folder + (unified ? "memory.max" : "memory.limit_in_bytes"), most + "\n");
    write(folder + (unified ? "memory.current" : "memory.usage_in_bytes"), concat(used.count, "\n"));
    write(folder + "memory.stat",
          concat("anon 1\n", unified ? "" : "total_", "inactive_file ", inactive.count, "\n"));
  }

 private:
  void write(const std::string& path, const std::string& text) {
    const std::string whole = root() + path;
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    write_file(whole, text);
  }

  std::string root_;
};

}  // namespace asterism::test
