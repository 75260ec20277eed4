// The tables of one dispatch.
#include "asterism/backend/groups.hpp"

#include <array>

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("there is one offset more than experts") {
  std::array<std::int32_t, 9> offsets{};
  const backend::Groups groups{.offsets = offsets, .rows = {}, .slots = {}, .device = 0};
  CHECK(groups.experts() == 8);
}

TEST_CASE("groups belong to no device until they are told one") { CHECK(backend::Groups{}.device == -1); }
