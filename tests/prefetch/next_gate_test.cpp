// What the next router guessed, and nothing else.
#include "asterism/prefetch/next_gate.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "prefetch/predictions.hpp"

using namespace asterism;
using test::asked;
using test::tell;

TEST_CASE("the next router's guess, for the next group alone") {
  prefetch::NextGate gate({.groups = 3, .members = 2});
  tell(gate, 0, {0}, {.probabilities = {1, 0}, .next = {0.25F, 0.75F}, .next_used = {0}});
  CHECK(asked(gate, 1, 2) == std::vector<float>{0.25F, 0.75F});
  CHECK(asked(gate, 2, 2) == std::vector<float>{0, 0});
  tell(gate, 1, {0}, {.next_used = {0}});
  CHECK(asked(gate, 2, 2) == std::vector<float>{0, 0});
  tell(gate, 2, {0}, {.next = {0.5F, 0}});
  CHECK(asked(gate, 0, 2) == std::vector<float>{1, 0});
}
