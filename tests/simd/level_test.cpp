// The choice of the instruction set.
#include "asterism/simd/level.hpp"

#include <doctest/doctest.h>

using namespace asterism;
using namespace asterism::simd;

TEST_CASE("the best level of the machine unless the environment says otherwise") {
  CHECK(choose_level(nullptr, true) == Level::avx2);
  CHECK(choose_level(nullptr, false) == Level::portable);
  CHECK(choose_level("", true) == Level::avx2);
  CHECK(choose_level("portable", true) == Level::portable);
  CHECK(choose_level("avx2", true) == Level::avx2);
}

TEST_CASE("a wrong choice is an error that names the choices") {
  CHECK_THROWS_WITH_AS(choose_level("AVX2", true),
                       "ASTERISM_SIMD is 'AVX2': expected portable or avx2, or leave it unset", InvalidArgument);
  CHECK_THROWS_AS(choose_level("avx512", true), InvalidArgument);
  CHECK_THROWS_WITH_AS(choose_level("avx2", false),
                       "ASTERISM_SIMD asks for avx2, but this machine lacks AVX2, FMA or F16C: set it to portable "
                       "or leave it unset",
                       Unsupported);
}

TEST_CASE("what level() says can run") {
  CHECK(supported(Level::portable));
  CHECK(supported(level()));
  CHECK(level() == level());
  CHECK(name(Level::portable) == "portable");
  CHECK(name(Level::avx2) == "avx2");
}
