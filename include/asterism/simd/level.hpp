// Instruction sets, detected at run time, so that one program runs everywhere.
#pragma once

#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/simd/fwd.hpp"

namespace asterism::simd {

constexpr std::string_view name(Level level) {
  if (level == Level::avx512) return "avx512";
  return level == Level::avx2 ? "avx2" : "portable";
}

/// The processor features that a level requires, for messages.
constexpr std::string_view needs(Level level) {
  if (level == Level::avx512) return "AVX-512 F, BW, DQ, VL, VBMI and VNNI";
  return level == Level::avx2 ? "AVX2, FMA and F16C" : "nothing";
}

/// True if the processor and the operating system can run `level`, which includes those below it. Level::avx512
/// exists on Ice Lake, on Intel's servers since, and from Zen 4 on.
bool supported(Level level);

/// The highest level supported by this machine.
Level best_level();

/// The level requested by `wanted` (the value of ASTERISM_SIMD; nullptr or "" if unset) on a machine whose highest
/// one is `best`. Throws InvalidArgument for an unknown name, Unsupported for a level that the machine lacks.
Level choose_level(const char* wanted, Level best);

/// The default level of this process: the best of this machine, or the one named by the environment variable
/// ASTERISM_SIMD (portable, avx2 or avx512); decided at the first call. Throws as choose_level does. Thread-safe.
Level level();

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/level_impl.hpp"
#endif
