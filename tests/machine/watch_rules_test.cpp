// Growth and exhaustion, from samples.
#include "asterism/machine/watch_rules.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using machines::ExhaustionRule;
using machines::GrowthRule;

TEST_CASE("growth: more than 16 of the last 20 samples rise by a step each") {
  for (const std::size_t falls : {3, 4}) {
    CAPTURE(falls);
    GrowthRule rule(50_MiB);
    Bytes used = 1_GiB;
    bool told = false;
    CHECK(!rule.update(used));
    for (std::size_t i = 0; i < 20; ++i) {
      used = i < falls ? used : used + 50_MiB;
      const bool changed = rule.update(used);
      told = told || changed;
      if (i < 19) CHECK(!changed);
    }
    CHECK(told == (falls == 3));
    CHECK(rule.is_on() == (falls == 3));
  }
}

TEST_CASE("growth: a byte less than a step is none; it is over when half the samples rise no more") {
  GrowthRule rule(50_MiB);
  Bytes used{};
  for (std::size_t i = 0; i < 100; ++i) CHECK(!rule.update(used += 50_MiB - 1_B));
  std::size_t changes = 0;
  for (std::size_t i = 0; i < 40; ++i) changes += rule.update(used += 50_MiB) ? 1 : 0;
  CHECK(changes == 1);
  for (std::size_t i = 0; i < 9; ++i) CHECK(!rule.update(used));
  CHECK(rule.update(used));
  CHECK(!rule.is_on());
}

TEST_CASE("growth: random walks change it once per crossing, as a list of all samples has it") {
  Random random(7);
  std::size_t changes = 0;
  for (std::size_t walk = 0; walk < 1000; ++walk) {
    GrowthRule rule(50_MiB);
    std::vector<bool> rose;
    Bytes used = 100_GiB;
    std::uint64_t often = 12;  // of 16 samples rise: around both thresholds
    bool on = false;
    rule.update(used);
    for (std::size_t i = 0; i < 150; ++i) {
      if (i % 30 == 0) often = 6 + random.below(10);
      rose.push_back(random.below(16) < often);
      used = rose.back() ? used + 50_MiB + Bytes{random.below(1000)} : used - Bytes{random.below(1 << 20U)};
      const bool changed = rule.update(used);
      if (rose.size() < 20) {
        REQUIRE(!changed);
        continue;
      }
      const auto rises = std::count(rose.end() - 20, rose.end(), true);
      const bool crosses = on ? rises <= 10 : rises > 16;
      if (crosses) on = !on;
      changes += crosses ? 1 : 0;
      REQUIRE(changed == crosses);
      REQUIRE(rule.is_on() == on);
    }
  }
  CHECK(changes > 100);
}

TEST_CASE("exhaustion: seconds until a memory is full, by a straight line") {
  ExhaustionRule rule({60, 120});
  double seconds = 100;
  for (std::size_t i = 0; i < 4; ++i, ++seconds) CHECK(!rule.update(seconds, {1000 + 100 * i}, {20000}));
  CHECK(!rule.seconds_left());
  CHECK(!rule.update(seconds, {1400}, {20000}));
  CHECK(*rule.seconds_left() == doctest::Approx(186));
  std::uint64_t used = 1400;
  bool on = false;
  while (used + 100 <= 20000) {
    used += 100;
    ++seconds;
    const bool changed = rule.update(seconds, {used}, {20000});
    const double left = static_cast<double>(20000 - used) / 100;
    CHECK(*rule.seconds_left() == doctest::Approx(left));
    if (std::fabs(left - 60) > .5) CHECK(changed == false);
    on = on || changed;
    if (left < 59.5) CHECK(rule.is_on());
    if (left > 60.5) CHECK(!rule.is_on());
  }
  CHECK(on);
  std::size_t changes = 0;
  for (std::size_t i = 0; i < 30; ++i) changes += rule.update(++seconds, {20000}, {20000}) ? 1 : 0;
  CHECK(changes == 1);  // it grows no more
  CHECK(!rule.is_on());
  CHECK(!rule.seconds_left());
}

TEST_CASE("exhaustion: what does not grow, and samples of one time, are none") {
  ExhaustionRule rule({60, 120});
  for (std::size_t i = 0; i < 30; ++i) CHECK(!rule.update(static_cast<double>(i), {900 - i}, {1000}));
  ExhaustionRule at_once({60, 120});
  for (std::size_t i = 0; i < 30; ++i) CHECK(!at_once.update(1, {100 * i}, {1000}));
}

TEST_CASE("exhaustion: random walks of the time that is left change it once per crossing") {
  Random random(8);
  for (std::size_t walk = 0; walk < 1000; ++walk) {
    // A line whose limit moves: what is left is known exactly.
    ExhaustionRule rule({60, 120});
    double left = 60 + 60 * static_cast<double>(walk % 2);
    bool on = false;
    for (std::size_t i = 0; i < 100; ++i) {
      left = std::max(1.0, left + static_cast<double>(random.below(2001)) / 100 - 10);
      const std::uint64_t used = 1'000'000 * (i + 1);
      const bool changed =
          rule.update(static_cast<double>(i), {used}, {used + static_cast<std::uint64_t>(left * 1e6)});
      if (i + 1 < ExhaustionRule::least_samples) continue;
      const double seen = *rule.seconds_left();
      const bool crosses = on ? seen >= 120 : seen <= 60;
      if (crosses) on = !on;
      REQUIRE(changed == crosses);
      REQUIRE(seen == doctest::Approx(left).epsilon(1e-5));
    }
  }
}
