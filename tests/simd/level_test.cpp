// The choice of the instruction set.
#include "asterism/simd/level.hpp"

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/simd/by_level.hpp"

using namespace asterism;
using namespace asterism::simd;

namespace {

bool has_nothing(Level level) { return level == Level::portable; }
bool has_avx2(Level level) { return contains(Level::avx2, level); }
bool has_zen5(Level level) { return contains(Level::avx512, level) || contains(Level::avxvnni, level); }
bool has_graviton2(Level level) { return contains(Level::dotprod, level); }

}  // namespace

TEST_CASE("the best level of the machine unless the environment says otherwise") {
  for (bool (*has)(Level) : {has_nothing, has_avx2, has_zen5, has_graviton2}) {
    CHECK(choose_level("", has) == choose_level(nullptr, has));
    CHECK(choose_level("portable", has) == Level::portable);
  }
  CHECK(choose_level(nullptr, has_nothing) == Level::portable);
  CHECK(choose_level(nullptr, has_avx2) == Level::avx2);
  CHECK(choose_level(nullptr, has_zen5) == Level::avx512);
  CHECK(choose_level(nullptr, has_graviton2) == Level::dotprod);
  CHECK(choose_level("avx2", has_zen5) == Level::avx2);
  CHECK(choose_level("avxvnni", has_zen5) == Level::avxvnni);
  CHECK(choose_level("neon", has_graviton2) == Level::neon);
}

TEST_CASE("a wrong choice is an error that names the choices") {
  CHECK_THROWS_WITH_AS(choose_level("AVX2", has_zen5),
                       "ASTERISM_SIMD is 'AVX2': expected portable, avx2, avxvnni, avx512, amx, neon, dotprod or "
                       "i8mm, or leave it unset",
                       InvalidArgument);
  CHECK_THROWS_AS(choose_level("avx", has_zen5), InvalidArgument);
  CHECK_THROWS_WITH_AS(choose_level("avx2", has_nothing),
                       "ASTERISM_SIMD asks for avx2, but this machine lacks some of AVX2, FMA and F16C: set it to "
                       "portable or leave it unset",
                       Unsupported);
  CHECK_THROWS_WITH_AS(
      choose_level("amx", has_zen5),
      "ASTERISM_SIMD asks for amx, but this machine lacks some of AVX-512 F, BW, DQ, VL, VBMI and "
      "VNNI, AMX-TILE, AMX-INT8, and the system's permission to use tiles: set it to avx512 or "
      "leave it unset",
      Unsupported);
}

TEST_CASE("every level stands in the table at its place, behind those that it contains") {
  std::size_t at = 0;
  for (const LevelInfo& one : levels) {
    CHECK(static_cast<std::size_t>(one.level) == at++);
    CHECK((one.below < one.level || one.level == Level::portable));
    CHECK(contains(one.level, Level::portable));
    CHECK((!supported(one.level) || supported(one.below)));
  }
  CHECK(contains(Level::amx, Level::avx2));
  CHECK_FALSE(contains(Level::avx512, Level::avxvnni));
  CHECK_FALSE(contains(Level::neon, Level::avx2));
}

TEST_CASE("kernels serve their level and those that contain it, unless others are nearer") {
  struct Plain {
    static int number() { return 1; }
  };
  struct Wide {
    static int number() { return 2; }
  };
  using Kernels = ByLevel<On<Level::portable, Plain>, On<Level::avx2, Wide>>;
  const auto number = [](Level use) { return Kernels::run(use, [](auto kernels) { return kernels.number(); }); };
  CHECK(number(Level::portable) == 1);
  CHECK(number(Level::avx2) == 2);
  CHECK(number(Level::avxvnni) == 2);
  CHECK(number(Level::amx) == 2);
  CHECK(number(Level::i8mm) == 1);
}

TEST_CASE("what level() says can run") {
  CHECK(supported(Level::portable));
  CHECK(supported(level()));
  CHECK(level() == level());
  CHECK(supported(best_level()));
  for (const LevelInfo& one : levels) CHECK((one.level <= best_level() || !supported(one.level)));
}

TEST_CASE("tiles are refused only where the processor has them") {
  CHECK_FALSE((tiles_refused() && supported(Level::amx)));
  CHECK_FALSE((tiles_refused() && !supported(Level::avx512)));
}

TEST_CASE("the level that was asked for is the one in use") { CHECK(supported(level())); }
