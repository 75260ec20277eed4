// What is told of routers, on choices that are known.
#include "asterism/observe/balance.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using observe::Balance;

TEST_CASE("load, entropy and unused experts of each layer") {
  Balance balance;
  balance.begin(2, 4, 1);
  const std::vector<float> even(4, 0.25F);
  const std::vector<float> sure{0, 1, 0, 0};
  for (std::int32_t position = 0; position < 8; ++position) {
    balance.scored(0, position, even);
    balance.routed(0, position, position % 4, 0.25F);
    balance.scored(1, position, sure);
    balance.routed(1, position, position < 6 ? 1 : 3, 1);
  }
  CHECK(balance.rows(0) == 8);
  CHECK(balance.violation(0) == 0);
  CHECK(balance.entropy(0) == doctest::Approx(std::log(4.0)));
  CHECK(balance.unused(0) == 0);
  CHECK(balance.violation(1) == doctest::Approx(6.0 / 2 - 1));
  CHECK(balance.entropy(1) == 0);
  CHECK(balance.unused(1) == 2);
  CHECK(balance.by_chance(1) == doctest::Approx(std::sqrt(2 * std::log(4.0) / 2)));

  Balance sum = balance;
  sum.add(balance);
  CHECK(sum.rows(1) == 16);
  CHECK(sum.violation(1) == doctest::Approx(2));
  CHECK(sum.by_chance(1) < balance.by_chance(1));
}

TEST_CASE("a run without a choice says 0") {
  Balance balance;
  balance.begin(1, 3, 1);
  CHECK(balance.violation(0) == 0);
  CHECK(balance.entropy(0) == 0);
  CHECK(balance.by_chance(0) == 0);
  CHECK(balance.unused(0) == 3);
}

TEST_CASE("chance is what sampling shows") {
  // 64 experts, 6400 choices each: the largest load of draws lies near the estimate.
  std::vector<int> load(64);
  std::uint64_t state = 1;
  for (int i = 0; i < 64 * 6400; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    ++load[state >> 58U];
  }
  int most = 0;
  for (const int count : load) most = count > most ? count : most;
  const double found = most / 6400.0 - 1;
  const double expected = observe::violation_by_chance(64.0 * 6400, 64);
  CHECK(found > 0.5 * expected);
  CHECK(found < 1.5 * expected);
}
