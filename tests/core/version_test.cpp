// The version's text and numbers agree.
#include "asterism/core/version.hpp"

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"

TEST_CASE("the version is its three numbers") {
  CHECK(asterism::version ==
        asterism::concat(ASTERISM_VERSION_MAJOR, ".", ASTERISM_VERSION_MINOR, ".", ASTERISM_VERSION_PATCH));
}
