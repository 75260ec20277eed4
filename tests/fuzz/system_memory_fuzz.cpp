// Fuzz target: any bytes as the files in which Linux tells of memory. Only FormatError may be thrown, and what is read
// is in its range.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/machine/system_memory.hpp"

using namespace asterism;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

template <class Parse>
void read(const Parse& parse) {
  try {
    parse();
  } catch (const FormatError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read([&] {
    const machines::FreeMemory memory = machines::parse_meminfo(text, "fuzz");
    require(memory.available <= memory.total);
  });
  read([&] {
    const double stalled = machines::parse_pressure(text, "fuzz");
    require(stalled >= 0 && stalled <= 1);
  });
  read([&] { machines::parse_group_number(text, "fuzz"); });
  read([&] { machines::parse_group_stat(text, "inactive_file", "fuzz"); });
  read([&] {
    const auto group = machines::parse_group_path(text, "fuzz");
    require(!group || group->path.front() == '/');
  });
  return 0;
}
