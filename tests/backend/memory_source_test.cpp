// The memory of this machine: aligned, usable to the last byte, and in huge pages where they fit.
#include "asterism/backend/memory_source.hpp"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"

using namespace asterism;
using namespace asterism::backend;

namespace {

struct Memory {
  explicit Memory(std::uint64_t bytes) : data(host_memory.allocate(host_memory.context, bytes)) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { host_memory.release(host_memory.context, data); }

  std::byte* data;
};

// What the system says of the mapping that holds `at`: the line that begins with `key`.
std::string of_mapping(const void* at, const std::string& key) {
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool here = false;
  while (std::getline(maps, line)) {
    const std::size_t dash = line.find('-');
    if (dash != std::string::npos && dash == line.find_first_not_of("0123456789abcdef")) {
      const std::uint64_t from = std::stoull(line, nullptr, 16);
      const std::uint64_t to = std::stoull(line.substr(dash + 1), nullptr, 16);
      const auto place = reinterpret_cast<std::uintptr_t>(at);
      here = from <= place && place < to;
    } else if (here && line.rfind(key, 0) == 0) {
      return line;
    }
  }
  return {};
}

}  // namespace

TEST_CASE("memory of any size is aligned and usable to the last byte") {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{64}, std::uint64_t{65},
                                    huge_page - 1, huge_page, huge_page + 1, 3 * huge_page + 17}) {
    CAPTURE(bytes);
    const Memory memory(bytes);
    REQUIRE(memory.data != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(memory.data) % (bytes < huge_page ? alignment : huge_page) == 0);
    std::memset(memory.data, 0x5A, bytes);
    CHECK((bytes == 0 || memory.data[bytes - 1] == std::byte{0x5A}));
  }
}

TEST_CASE("sizes that no machine has are refused with nullptr") {
  for (const std::uint64_t bytes : {UINT64_MAX, UINT64_MAX - huge_page + 1, UINT64_MAX / 2}) {
    const Memory memory(bytes);
    CHECK(memory.data == nullptr);
  }
}

#if defined(__linux__)
TEST_CASE("whole huge pages are asked for, and no more becomes resident than was drawn") {
  if (!std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled")) {
    MESSAGE("skipped: this system has no transparent huge pages");
    return;
  }
  constexpr std::uint64_t rest = huge_page / 4;
  constexpr std::uint64_t bytes = 9 * huge_page + rest;
  const Memory memory(bytes);
  const auto asks = [&](const std::byte* at, const std::string& flag) {
    return (of_mapping(at, "VmFlags:") + " ").find(" " + flag + " ") != std::string::npos;
  };
  CHECK(asks(memory.data, "hg"));
  CHECK(asks(memory.data + 9 * huge_page - 1, "hg"));
  CHECK(asks(memory.data + 9 * huge_page, "nh"));
  CHECK_FALSE(asks(memory.data + bytes - 1, "hg"));
  // Of the mapping that has the last bytes, which may be a neighbour's too, or memory used before: what writing adds.
  const auto resident = [&] { return std::stoull(of_mapping(memory.data + bytes - 1, "Rss:").substr(4)) * 1024; };
  const std::uint64_t before = resident();  // "Rss:    512 kB"
  std::memset(memory.data, 1, bytes);
  CHECK(resident() >= rest);
  CHECK(resident() < before + 2 * rest);
}
#endif
