// Instruction sets, detected at run time, so that one program runs everywhere.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/simd/fwd.hpp"

namespace asterism::simd {

struct LevelInfo {
  Level level;
  Level below;             ///< the level that it contains, whose kernels serve where it has none of its own
  std::string_view name;   ///< as ASTERISM_SIMD spells it
  std::string_view needs;  ///< the processor features that it requires, for messages
};

/// All levels, in the order of Level, each after those that it contains: the best one of a machine is the last one that
/// it supports. Level::avx512 exists on Ice Lake, on Intel's servers since, and from Zen 4 on; Level::avxvnni on Alder
/// Lake and later, and on Zen 5.
inline constexpr std::array<LevelInfo, 8> levels{{
    {Level::portable, Level::portable, "portable", "nothing"},
    {Level::avx2, Level::portable, "avx2", "AVX2, FMA and F16C"},
    {Level::avxvnni, Level::avx2, "avxvnni", "AVX2, FMA, F16C and AVX-VNNI"},
    {Level::avx512, Level::avx2, "avx512", "AVX-512 F, BW, DQ, VL, VBMI and VNNI"},
    {Level::amx, Level::avx512, "amx",
     "AVX-512 F, BW, DQ, VL, VBMI and VNNI, AMX-TILE, AMX-INT8, and the system's permission to use tiles"},
    {Level::neon, Level::portable, "neon", "NEON"},
    {Level::dotprod, Level::neon, "dotprod", "NEON and its dot products"},
    {Level::i8mm, Level::dotprod, "i8mm", "NEON, its dot products and its products of 8-bit matrices"},
}};

constexpr const LevelInfo& info(Level level) { return levels[static_cast<std::size_t>(level)]; }
constexpr std::string_view name(Level level) { return info(level).name; }

/// True if `level` has all instructions of `other`.
constexpr bool contains(Level level, Level other) {
  while (level != other && level != Level::portable) level = info(level).below;
  return level == other;
}

/// The names of all levels, for messages: "portable, avx2, ... or i8mm".
std::string level_names();

/// True if the processor and the operating system can run `level`. For Level::amx the first call asks the system for
/// permission to use tiles, which holds for all threads of the process. Thread-safe.
bool supported(Level level);

/// True if the processor has the tiles of Level::amx, but the system does not let this process use them.
bool tiles_refused();

/// The highest level supported by this machine.
Level best_level();

/// The level requested by `wanted` (the value of ASTERISM_SIMD; nullptr or "" if unset) on a machine that `has` some:
/// the best one if there is no request. Throws InvalidArgument for an unknown name, Unsupported for a level that the
/// machine lacks.
Level choose_level(const char* wanted, bool (*has)(Level) = supported);

/// The default level of this process: the best of this machine, or the one named by the environment variable
/// ASTERISM_SIMD; decided at the first call. Throws as choose_level does. Thread-safe.
Level level();

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/level_impl.hpp"
#endif
