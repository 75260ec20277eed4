// What the model chose already, and nothing else.
#include "asterism/prefetch/pre_gated.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "prefetch/predictions.hpp"

using namespace asterism;
using test::asked;
using test::tell;

TEST_CASE("the choice of the next layer, exactly") {
  prefetch::PreGated gate({.groups = 3, .members = 4});
  tell(gate, 0, {0}, {.next = {1, 0, 0, 0}, .next_used = {1, 3}});
  CHECK(asked(gate, 1, 4) == std::vector<float>{0, 0.5F, 0, 0.5F});
  CHECK(asked(gate, 2, 4) == std::vector<float>(4));
  tell(gate, 1, {0}, {.next = {1, 0, 0, 0}});
  CHECK(asked(gate, 2, 4) == std::vector<float>(4));
}
