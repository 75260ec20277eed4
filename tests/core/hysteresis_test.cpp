// A threshold with two edges.
#include "asterism/core/hysteresis.hpp"

#include <limits>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;

TEST_CASE("on at its threshold and not before, off at the other one and not before") {
  Hysteresis rising(.90, .75);
  CHECK(!rising.update(.8999));
  CHECK(!rising.is_on());
  CHECK(rising.update(.90));
  CHECK(rising.is_on());
  CHECK(!rising.update(.95));
  CHECK(!rising.update(.7501));
  CHECK(rising.is_on());
  CHECK(rising.update(.75));
  CHECK(!rising.is_on());
  Hysteresis falling(.60, .65);
  CHECK(!falling.update(.6001));
  CHECK(falling.update(.60));
  CHECK(!falling.update(.6499));
  CHECK(falling.update(.65));
  CHECK(!falling.is_on());
}

TEST_CASE("not a number changes nothing") {
  Hysteresis state(1, 0);
  CHECK(!state.update(std::numeric_limits<double>::quiet_NaN()));
  CHECK(state.update(2));
  CHECK(!state.update(std::numeric_limits<double>::quiet_NaN()));
  CHECK(state.is_on());
}

TEST_CASE("random walks around thresholds move it at most once per crossing of both") {
  Random random(3);
  for (std::size_t walk = 0; walk < 1000; ++walk) {
    const bool rises = walk % 2 == 0;
    const double on = rises ? .90 : .60;
    const double off = rises ? .75 : .65;
    Hysteresis state(on, off);
    double value = walk % 4 < 2 ? on : off;
    std::size_t moves = 0;
    std::size_t crossings = 0;
    bool above = false;  // as a reader of the walk has it: the threshold that was reached last
    for (std::size_t step = 0; step < 500; ++step) {
      value += (random.uniform() - .5) * .05;
      if (above ? (rises ? value <= off : value >= off) : (rises ? value >= on : value <= on)) {
        above = !above;
        ++crossings;
      }
      moves += state.update(value) ? 1 : 0;
      REQUIRE(state.is_on() == above);
    }
    REQUIRE(moves == crossings);
  }
}
