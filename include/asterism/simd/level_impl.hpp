// Bodies of level.hpp.
#pragma once

#include <cstdlib>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

namespace detail {

#if defined(__x86_64__)

/// The feature bits of a leaf of cpuid; zeros if the processor has no such leaf.
struct CpuLeaf {
  unsigned int eax = 0;
  unsigned int ebx = 0;
  unsigned int ecx = 0;
  unsigned int edx = 0;

  CpuLeaf(unsigned int leaf, unsigned int part) { __get_cpuid_count(leaf, part, &eax, &ebx, &ecx, &edx); }
};

/// Asks Linux for the data of tiles, feature 18 by ARCH_REQ_XCOMP_PERM of arch_prctl: a process may use them only then.
/// Source: Documentation/arch/x86/xstate.rst of the kernel.
inline bool tiles_permitted() {
#if defined(__linux__)
  constexpr long request_permission = 0x1023;
  constexpr long tile_data = 18;
  static const bool granted = syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
  return granted;
#else
  return false;
#endif
}

inline bool processor_has_tiles() {
  constexpr unsigned int tile_and_int8 = (1U << 24U) | (1U << 25U);
  return (CpuLeaf(7, 0).edx & tile_and_int8) == tile_and_int8;
}

inline bool processor_has(Level level) {
  switch (level) {
    case Level::avx2:
      return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
             (CpuLeaf(1, 0).ecx & bit_F16C) != 0;
    case Level::avxvnni:
      return (CpuLeaf(7, 1).eax & (1U << 4U)) != 0;
    case Level::avx512:
      return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
             __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
             __builtin_cpu_supports("avx512vbmi") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
    case Level::amx:
      return processor_has_tiles() && tiles_permitted();
    default:
      return false;
  }
}

#elif defined(__aarch64__)

#if defined(__linux__)

/// Bits of AT_HWCAP and AT_HWCAP2. Source: arch/arm64/include/uapi/asm/hwcap.h of the kernel.
inline bool has_dot_products() { return (getauxval(AT_HWCAP) & (1UL << 20U)) != 0; }
inline bool has_matrix_products() { return (getauxval(AT_HWCAP2) & (1UL << 13U)) != 0; }

#elif defined(__APPLE__)

inline bool has_feature(const char* name) {
  int value = 0;
  std::size_t size = sizeof value;
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value != 0;
}
inline bool has_dot_products() { return has_feature("hw.optional.arm.FEAT_DotProd"); }
inline bool has_matrix_products() { return has_feature("hw.optional.arm.FEAT_I8MM"); }

#else

inline bool has_dot_products() { return false; }
inline bool has_matrix_products() { return false; }

#endif

inline bool processor_has_tiles() { return false; }

/// Every aarch64 processor that systems run on has NEON.
inline bool processor_has(Level level) {
  if (level == Level::dotprod) return has_dot_products();
  if (level == Level::i8mm) return has_matrix_products();
  return level == Level::neon;
}

#else

inline bool processor_has_tiles() { return false; }
inline bool processor_has(Level /*level*/) { return false; }

#endif

}  // namespace detail

ASTERISM_INLINE std::string level_names() {
  std::string names;
  for (const LevelInfo& one : levels) {
    if (one.level != levels.front().level) names += one.level == levels.back().level ? " or " : ", ";
    names += one.name;
  }
  return names;
}

ASTERISM_INLINE bool supported(Level level) {
  return level == Level::portable || (supported(info(level).below) && detail::processor_has(level));
}

ASTERISM_INLINE bool tiles_refused() {
  return detail::processor_has_tiles() && supported(Level::avx512) && !supported(Level::amx);
}

namespace detail {
inline Level best_of(bool (*has)(Level)) {
  Level best = Level::portable;
  for (const LevelInfo& one : levels) {
    if (has(one.level)) best = one.level;
  }
  return best;
}
}  // namespace detail

ASTERISM_INLINE Level best_level() { return detail::best_of(supported); }

ASTERISM_INLINE Level choose_level(const char* wanted, bool (*has)(Level)) {
  const std::string_view value = wanted == nullptr ? "" : wanted;
  if (value.empty()) return detail::best_of(has);
  for (const LevelInfo& one : levels) {
    if (value != one.name) continue;
    if (has(one.level)) return one.level;
    throw Unsupported(concat("ASTERISM_SIMD asks for ", value, ", but this machine lacks some of ", one.needs,
                             ": set it to ", name(detail::best_of(has)), " or leave it unset"));
  }
  throw InvalidArgument(concat("ASTERISM_SIMD is '", value, "': expected ", level_names(), ", or leave it unset"));
}

ASTERISM_INLINE Level level() {
  static const Level chosen = choose_level(std::getenv("ASTERISM_SIMD"));
  return chosen;
}

}  // namespace asterism::simd
