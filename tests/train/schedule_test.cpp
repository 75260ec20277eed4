// What part of the peak rate each step takes.
#include "asterism/train/schedule.hpp"

#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

#include "lacking/schedule.hpp"

using namespace asterism::train;
using namespace asterism::lacking::schedules;

namespace {

struct Doubles {
  double factor(std::int64_t, std::int64_t) const { return 1; }
};
static_assert(Schedule<Complete> && !Schedule<NoFactor> && !Schedule<Doubles>);

}  // namespace

TEST_CASE("constant") {
  constexpr Constant plain;
  static_assert(plain.factor(1, 10) == 1.0F && plain.factor(10, 10) == 1.0F);
  constexpr Constant warm{.warm_up = 4};
  static_assert(warm.factor(1, 10) == 0.25F && warm.factor(2, 10) == 0.5F && warm.factor(4, 10) == 1.0F);
  static_assert(warm.factor(5, 10) == 1.0F);
}

TEST_CASE("cosine") {
  const Cosine wave{.warm_up = 2, .floor = 0.1F};
  CHECK(wave.factor(1, 102) == 0.5F);
  CHECK(wave.factor(2, 102) == 1.0F);
  CHECK(wave.factor(52, 102) == doctest::Approx(0.55).epsilon(1e-6));
  CHECK(wave.factor(27, 102) == doctest::Approx(0.1 + 0.9 * 0.5 * (1 + std::sqrt(0.5))).epsilon(1e-6));
  CHECK(wave.factor(102, 102) == 0.1F);
  for (std::int64_t step = 3; step <= 102; ++step) CHECK(wave.factor(step, 102) < wave.factor(step - 1, 102));
}

TEST_CASE("a linear fall over the last two fifths") {
  constexpr LinearFall fall{.warm_up = 10};
  static_assert(fall.factor(1, 100) == 0.1F && fall.factor(10, 100) == 1.0F);
  static_assert(fall.factor(61, 100) == 1.0F);
  CHECK(fall.factor(62, 100) == doctest::Approx(39.0 / 40));
  CHECK(fall.factor(81, 100) == doctest::Approx(0.5));
  CHECK(fall.factor(100, 100) == doctest::Approx(1.0 / 40));
  CHECK(LinearFall{.fall = 0}.factor(100, 100) == 1.0F);
  CHECK(LinearFall{.fall = 1}.factor(51, 100) == doctest::Approx(0.5));
}

TEST_CASE_TEMPLATE("factors lie in [0, 1], in runs of any length", S, Constant, Cosine, LinearFall) {
  for (const std::int64_t warm_up : {0, 1, 5, 50}) {
    S schedule;
    schedule.warm_up = warm_up;
    for (const std::int64_t steps : {1, 2, 3, 10, 1000}) {
      for (std::int64_t step = 1; step <= steps; ++step) {
        const float factor = schedule.factor(step, steps);
        CHECK((factor >= 0.0F && factor <= 1.0F));
      }
    }
  }
}
