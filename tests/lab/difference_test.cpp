// Differences from a baseline, of pairs of answers.
#include "asterism/lab/difference.hpp"

#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "lab/written_evaluations.hpp"

using namespace asterism;

TEST_CASE("pairs are counted where an answer is known") {
  const auto both = test::two_evaluations();
  auto questions = test::written_questions();
  const lab::PairedScore worse = lab::paired_score(both[1], both[0], questions);
  CHECK(worse.asked == 4);
  CHECK(worse.gained == 0);
  CHECK(worse.lost == 1);
  CHECK(worse.difference() == -0.25);
  CHECK(lab::paired_score(both[0], both[1], questions).difference() == 0.25);
  questions[2].answer.clear();
  CHECK(lab::paired_score(both[1], both[0], questions).lost == 0);
}

TEST_CASE("the interval is Agresti's and Min's") {
  // 1600 people asked twice, 86 and 150 of whom changed their mind: a difference of -0.04, within 0.0188 (by hand).
  const lab::PairedScore asked{.gained = 86, .lost = 150, .asked = 1600};
  CHECK(asked.difference() == doctest::Approx(-0.04));
  const double b = 86.5;
  const double c = 150.5;
  const double by_hand = 1.959963984540054 * std::sqrt((b + c - (b - c) * (b - c) / 1602) / 1602 / 1602);
  CHECK(asked.half_interval() == doctest::Approx(by_hand));
  CHECK(asked.half_interval() == doctest::Approx(0.0187).epsilon(0.01));
  CHECK(lab::PairedScore{}.difference() == 0);
  CHECK(lab::PairedScore{.gained = 0, .lost = 0, .asked = 100}.half_interval() > 0.01);
}

TEST_CASE("a line a variant; the baseline itself differs by nothing") {
  const auto both = test::two_evaluations();
  const std::string table = lab::difference_table(both, test::written_questions(), both[0]);
  CHECK(table.find("Against float32") == 0);
  CHECK(table.find("  float32        +0.0") != std::string::npos);
  CHECK(table.find("  nf4           -25.0") != std::string::npos);
  CHECK(table.find("1.00x") != std::string::npos);
  CHECK(&lab::evaluation_of("nf4", both) == &both[1]);
  CHECK_THROWS_AS(lab::evaluation_of("int8", both), InvalidArgument);
}
