// Which instruction set this machine runs: found out once, at run time, so that one program runs everywhere.
#pragma once

#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/simd/fwd.hpp"

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
bool supported(Level level);

/// The highest level that this machine supports.
Level best_level();

/// The level that `wanted` (the value of ASTERISM_SIMD; nullptr or "" if unset) asks for on a machine whose highest
/// one is `best`. Throws InvalidArgument for a name that is none, Unsupported for a level that the machine lacks.
Level choose_level(const char* wanted, Level best);

/// The level that this process uses where none is given: the best that the machine has, or what the environment
/// variable ASTERISM_SIMD (portable, avx2 or avx512) says; decided at the first call. Throws as choose_level does.
/// Thread-safe.
Level level();

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/level_impl.hpp"
#endif
