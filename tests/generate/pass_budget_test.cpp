// Passes take the time that they may: rows follow what was measured.
#include "asterism/generate/pass_budget.hpp"

#include <cstddef>

#include <doctest/doctest.h>

using asterism::generate::PassBudget;

TEST_CASE("a machine with a cost for each pass and each row is met within a few passes") {
  PassBudget budget(0.250, 16, 512);
  CHECK(budget.rows() == 16);
  const auto seconds = [](std::size_t rows) { return 0.05 + 0.001 * static_cast<double>(rows); };
  std::size_t passes = 0;
  for (; passes < 12; ++passes) budget.measured(budget.rows(), seconds(budget.rows()));
  CHECK(budget.rows() >= 190);
  CHECK(budget.rows() <= 205);
  for (int i = 0; i < 12; ++i) budget.measured(budget.rows(), 4 * seconds(budget.rows()));  // it got slower
  CHECK(budget.rows() >= 16);
  CHECK(4 * seconds(budget.rows()) <= 0.27);
}

TEST_CASE("rows stay between the bounds, and go at most to the double or the half at a time") {
  PassBudget budget(0.250, 16, 100);
  budget.measured(16, 1e-6);
  CHECK(budget.rows() == 32);
  budget.measured(32, 1e-6);
  budget.measured(64, 1e-6);
  CHECK(budget.rows() == 100);
  budget.measured(100, 1e6);
  CHECK(budget.rows() == 50);
  budget.measured(50, 1e6);
  budget.measured(25, 1e6);
  CHECK(budget.rows() == 16);
  CHECK(PassBudget(0.250, 16, 4).rows() == 16);  // a small chunk bounds the pass itself
}

TEST_CASE(
    "a pass with less than there might have been does not slow the next ones down, unless it took too long") {
  PassBudget budget(0.250, 16, 512);
  budget.measured(16, 0.01);
  CHECK(budget.rows() == 32);
  budget.measured(2, 0.1);
  budget.measured(0, 5);
  budget.measured(3, 0);
  CHECK(budget.rows() == 32);
  budget.measured(20, 0.3);
  CHECK(budget.rows() == 16);
}
