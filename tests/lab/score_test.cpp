// Shares and their intervals.
#include "asterism/lab/score.hpp"

#include <doctest/doctest.h>

using asterism::lab::Score;

TEST_CASE("scores count and add up") {
  Score score;
  CHECK(score.share() == 0);
  score.count(true);
  score.count(false);
  score.count(true);
  CHECK(score == Score{2, 3});
  CHECK(score + Score{1, 1} == Score{3, 4});
  CHECK((score + Score{1, 1}).share() == 0.75);
}

TEST_CASE("Wilson's interval") {
  // statsmodels 0.15, proportion_confint(count, nobs, method="wilson")
  const auto check = [](Score score, double low, double high) {
    const auto [found_low, found_high] = score.interval();
    CHECK(found_low == doctest::Approx(low).epsilon(1e-9));
    CHECK(found_high == doctest::Approx(high).epsilon(1e-9));
  };
  check({0, 10}, 0, 0.2775327998628892);
  check({10, 10}, 0.7224672001371107, 1);
  check({81, 100}, 0.7222115462093562, 0.8748524849023126);
  check({1, 600}, 0.0002942682008495647, 0.009379560476138811);
  check({0, 0}, 0, 1);
}
