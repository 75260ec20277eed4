// Bodies of level.hpp.
#pragma once

#include <cstdlib>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

ASTERISM_INLINE bool supported(Level level) {
  if (level == Level::portable) return true;
#if defined(__x86_64__)
  unsigned int eax = 0;
  unsigned int ebx = 0;
  unsigned int ecx = 0;
  unsigned int edx = 0;
  const bool f16c = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
  const bool avx2 = f16c && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (level == Level::avx2) return avx2;
  return avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
         __builtin_cpu_supports("avx512vbmi") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
#else
  return false;
#endif
}

ASTERISM_INLINE Level best_level() {
  for (const Level level : {Level::avx512, Level::avx2}) {
    if (supported(level)) return level;
  }
  return Level::portable;
}

ASTERISM_INLINE Level choose_level(const char* wanted, Level best) {
  const std::string_view value = wanted == nullptr ? "" : wanted;
  if (value.empty()) return best;
  for (const Level level : {Level::portable, Level::avx2, Level::avx512}) {
    if (value != name(level)) continue;
    if (level <= best) return level;
    throw Unsupported(concat("ASTERISM_SIMD asks for ", value, ", but this machine lacks some of ", needs(level),
                             ": set it to ", name(best), " or leave it unset"));
  }
  throw InvalidArgument(
      concat("ASTERISM_SIMD is '", value, "': expected portable, avx2 or avx512, or leave it unset"));
}

ASTERISM_INLINE Level level() {
  static const Level chosen = choose_level(std::getenv("ASTERISM_SIMD"), best_level());
  return chosen;
}

}  // namespace asterism::simd
