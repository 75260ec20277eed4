// What Counts counts.
#include "asterism/observe/counts.hpp"

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("counts start at zero") {
  observe::Counts counts;
  counts.begin(2, 3, 1);
  for (std::int32_t layer = 0; layer < 2; ++layer) {
    for (std::int32_t expert = 0; expert < 3; ++expert) CHECK(counts.chosen(layer, expert) == 0);
  }
  CHECK(counts.hand_overs() == 0);
  CHECK(counts.moved() == 0_B);
}

TEST_CASE("every choice counts for its layer and expert alone") {
  observe::Counts counts;
  counts.begin(2, 3, 1);
  counts.routed(0, 10, 2, 0.75F);
  counts.routed(0, 10, 0, 0.25F);
  counts.routed(0, 11, 2, 1.0F);
  counts.routed(1, 10, 1, 0.0F);
  const std::uint64_t expected[2][3] = {{1, 0, 2}, {0, 1, 0}};
  for (std::int32_t layer = 0; layer < 2; ++layer) {
    for (std::int32_t expert = 0; expert < 3; ++expert)
      CHECK(counts.chosen(layer, expert) == expected[layer][expert]);
  }
}

TEST_CASE("probabilities are not counted") {
  observe::Counts counts;
  counts.begin(1, 2, 1);
  const float probabilities[] = {0.25F, 0.75F};
  counts.scored(0, 0, {probabilities, 2});
  CHECK(counts.chosen(0, 0) == 0);
  CHECK(counts.chosen(0, 1) == 0);
}

TEST_CASE("movements add up") {
  observe::Counts counts;
  counts.begin(1, 1, 1);
  counts.moved(0, 1, 16_KiB);
  counts.moved(1, 0, 1_KiB);
  CHECK(counts.hand_overs() == 2);
  CHECK(counts.moved() == 17_KiB);
}
