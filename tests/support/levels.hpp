// The instruction sets that a machine has, for tests that try all of them.
#pragma once

#include <vector>

#include <doctest/doctest.h>

#include "asterism/simd/level.hpp"

namespace asterism::test {

/// The levels that this machine supports, the lowest first. Those that it lacks are seen as skipped: see `needs_level`,
/// and the tests named level.
inline std::vector<simd::Level> levels() {
  std::vector<simd::Level> result;
  for (const simd::LevelInfo& one : simd::levels) {
    if (simd::supported(one.level)) result.push_back(one.level);
  }
  return result;
}

/// Decorates a test case of one level: it counts as skipped where the machine lacks the level.
///
///     TEST_CASE("tails" * test::needs_level(simd::Level::avx512)) { ... }
inline doctest::skip needs_level(simd::Level level) { return doctest::skip(!simd::supported(level)); }

}  // namespace asterism::test
