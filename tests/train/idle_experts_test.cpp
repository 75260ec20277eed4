// Experts without a row.
#include "asterism/train/idle_experts.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("an expert is dead after a hundred steps without a row, until it gets one") {
  train::IdleExperts idle;
  CHECK(idle.dead(2).empty());
  const std::vector<std::int32_t> load{1, 0, 0, 5, 0, 0};  // three layers of two experts
  for (int step = 0; step < 99; ++step) idle.add(load);
  CHECK(idle.dead(2) == std::vector<std::int32_t>{0, 0, 0});
  idle.add(load);
  CHECK(idle.dead(2) == std::vector<std::int32_t>{1, 1, 2});
  idle.add(std::vector<std::int32_t>{0, 1, 0, 1, 0, 0});
  CHECK(idle.dead(2) == std::vector<std::int32_t>{0, 1, 2});
  CHECK(idle.dead(0).empty());
}
