// Bodies of probe.hpp.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/machine/probe.hpp"

namespace asterism::machines {

ASTERISM_INLINE Machine this_machine() {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen("/proc/meminfo", "re"));
  char line[256];
  constexpr std::string_view key = "MemAvailable:";
  while (file && std::fgets(line, sizeof line, file.get()) != nullptr) {
    if (std::strncmp(line, key.data(), key.size()) != 0) continue;
    const char* digits = line + key.size();
    while (*digits == ' ') ++digits;
    std::uint64_t kib = 0;
    std::from_chars(digits, line + std::strlen(line), kib);
    Machine machine;
    machine.add(Bytes{kib * 1024}, DeviceKind::host);
    return machine;
  }
  throw FileError("/proc/meminfo does not tell MemAvailable: give the machine's devices in LoadOptions::machine");
}

}  // namespace asterism::machines
