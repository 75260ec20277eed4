// Bodies of conditions.hpp.
#pragma once

#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/version.hpp"
#include "asterism/lab/conditions.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::lab {

namespace detail {

inline std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

inline std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  char text[32] = {};
  if (::gmtime_r(&now, &parts) == nullptr) return {};
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &parts)};
}

}  // namespace detail

ASTERISM_INLINE Conditions conditions_now(std::int32_t threads) {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  return {
      .processor = detail::processor_name(),
      .cores = std::thread::hardware_concurrency(),
      .memory = {pages > 0 && page > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) : 0},
      .instruction_set = std::string(simd::name(simd::level())),
      .threads = threads,
      .version = version,
      .date = detail::utc_now()};
}

ASTERISM_INLINE std::string to_string(const Conditions& conditions) {
  return concat(conditions.processor.empty() ? "unknown processor" : conditions.processor, ", ", conditions.cores,
                " cores, ", to_string(conditions.memory), "; ", conditions.threads, " threads, instruction set ",
                conditions.instruction_set, "; Asterism ", conditions.version, "; ", conditions.date);
}

}  // namespace asterism::lab
