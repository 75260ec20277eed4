// Under which conditions something is measured: those of this machine, and of now.
#include "asterism/lab/conditions.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/core/version.hpp"
#include "asterism/simd/level.hpp"

using namespace asterism;

TEST_CASE("the conditions are those of this machine") {
  const lab::Conditions now = lab::conditions_now(3);
  CHECK(now.threads == 3);
  CHECK(now.cores >= 1);
  CHECK(now.memory > 1_MiB);
  CHECK(now.version == version);
  CHECK(now.instruction_set == simd::name(simd::level()));
  REQUIRE(now.date.size() == 20);
  CHECK(now.date.substr(0, 2) == "20");
  CHECK(now.date.ends_with(" UTC"));
}

TEST_CASE("what the system does not tell is said") {
  CHECK(lab::to_string(lab::Conditions{}).starts_with("unknown processor, "));
}
