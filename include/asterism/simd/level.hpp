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

constexpr std::string_view name(Level level) { return level == Level::avx2 ? "avx2" : "portable"; }

/// True if the processor and the operating system can run `level`. Level::avx2 means AVX2, FMA and F16C.
inline bool supported(Level level) {
  if (level == Level::portable) return true;
#if defined(__x86_64__)
  unsigned int eax = 0;
  unsigned int ebx = 0;
  unsigned int ecx = 0;
  unsigned int edx = 0;
  const bool f16c = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
  return f16c && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
#else
  return false;
#endif
}

/// The level that `wanted` (the value of ASTERISM_SIMD; nullptr or "" if unset) asks for, else the best one that
/// `has_avx2` allows. Throws InvalidArgument for a name that is none, Unsupported for a level that the machine
/// lacks.
inline Level choose_level(const char* wanted, bool has_avx2) {
  const std::string_view value = wanted == nullptr ? "" : wanted;
  if (value.empty()) return has_avx2 ? Level::avx2 : Level::portable;
  if (value == name(Level::portable)) return Level::portable;
  if (value != name(Level::avx2)) {
    throw InvalidArgument(concat("ASTERISM_SIMD is '", value, "': expected portable or avx2, or leave it unset"));
  }
  if (!has_avx2) {
    throw Unsupported(
        "ASTERISM_SIMD asks for avx2, but this machine lacks AVX2, FMA or F16C: set it to portable or leave it "
        "unset");
  }
  return Level::avx2;
}

/// The level that this process uses where none is given: the best that the machine has, or what the environment
/// variable ASTERISM_SIMD (portable or avx2) says; decided at the first call. Throws as choose_level does.
/// Thread-safe.
inline Level level() {
  static const Level chosen = choose_level(std::getenv("ASTERISM_SIMD"), supported(Level::avx2));
  return chosen;
}

}  // namespace asterism::simd
