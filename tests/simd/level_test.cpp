// The choice of the instruction set.
#include "asterism/simd/level.hpp"

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using namespace asterism::simd;

TEST_CASE("the best level of the machine unless the environment says otherwise") {
  for (const Level best : {Level::portable, Level::avx2, Level::avx512}) {
    CHECK(choose_level(nullptr, best) == best);
    CHECK(choose_level("", best) == best);
    CHECK(choose_level("portable", best) == Level::portable);
  }
  CHECK(choose_level("avx2", Level::avx2) == Level::avx2);
  CHECK(choose_level("avx2", Level::avx512) == Level::avx2);
  CHECK(choose_level("avx512", Level::avx512) == Level::avx512);
}

TEST_CASE("a wrong choice is an error that names the choices") {
  CHECK_THROWS_WITH_AS(choose_level("AVX2", Level::avx512),
                       "ASTERISM_SIMD is 'AVX2': expected portable, avx2 or avx512, or leave it unset",
                       InvalidArgument);
  CHECK_THROWS_AS(choose_level("avx", Level::avx512), InvalidArgument);
  CHECK_THROWS_WITH_AS(choose_level("avx2", Level::portable),
                       "ASTERISM_SIMD asks for avx2, but this machine lacks some of AVX2, FMA and F16C: set it to "
                       "portable or leave it unset",
                       Unsupported);
  CHECK_THROWS_WITH_AS(
      choose_level("avx512", Level::avx2),
      "ASTERISM_SIMD asks for avx512, but this machine lacks some of AVX-512 F, BW, DQ, VL, VBMI and "
      "VNNI: set it to avx2 or leave it unset",
      Unsupported);
}

TEST_CASE("what level() says can run") {
  CHECK(supported(Level::portable));
  CHECK(supported(level()));
  CHECK(level() == level());
  CHECK(supported(best_level()));
  CHECK(level() <= best_level());
  CHECK((best_level() == Level::avx512 || !supported(Level::avx512)));
  CHECK(name(Level::portable) == "portable");
  CHECK(name(Level::avx2) == "avx2");
  CHECK(name(Level::avx512) == "avx512");
}

TEST_CASE("the level that was asked for is the one in use") { CHECK(supported(level())); }
