// Which instruction set this machine runs: found out once, at run time, so that one program runs everywhere.
#pragma once

#include <cstdlib>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/simd/fwd.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace asterism::simd {

constexpr std::string_view name(Level level) {
  if (level == Level::avx512) return "avx512";
  return level == Level::avx2 ? "avx2" : "portable";
}

/// What a level asks of the processor, for messages.
constexpr std::string_view needs(Level level) {
  if (level == Level::avx512) return "AVX-512 F, BW, DQ, VL, VBMI and VNNI";
  return level == Level::avx2 ? "AVX2, FMA and F16C" : "nothing";
}

/// True if the processor and the operating system can run `level`, which means those below it too. Level::avx512 is
/// there on Ice Lake, on Intel's servers since, and from Zen 4 on.
inline bool supported(Level level) {
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

/// The highest level that this machine supports.
inline Level best_level() {
  for (const Level level : {Level::avx512, Level::avx2}) {
    if (supported(level)) return level;
  }
  return Level::portable;
}

/// The level that `wanted` (the value of ASTERISM_SIMD; nullptr or "" if unset) asks for on a machine whose highest
/// one is `best`. Throws InvalidArgument for a name that is none, Unsupported for a level that the machine lacks.
inline Level choose_level(const char* wanted, Level best) {
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

/// The level that this process uses where none is given: the best that the machine has, or what the environment
/// variable ASTERISM_SIMD (portable, avx2 or avx512) says; decided at the first call. Throws as choose_level does.
/// Thread-safe.
inline Level level() {
  static const Level chosen = choose_level(std::getenv("ASTERISM_SIMD"), best_level());
  return chosen;
}

}  // namespace asterism::simd
