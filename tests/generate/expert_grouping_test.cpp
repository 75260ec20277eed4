// Which answers are chosen for a pass, and that nobody waits too long.
#include "asterism/generate/expert_grouping.hpp"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "support/files.hpp"

using namespace asterism;
using generate::ExpertGrouping;
using generate::WaitingAnswer;

namespace {

using Uses = std::vector<std::vector<float>>;

/// Of a pass that is computed.
std::vector<std::size_t> choose(ExpertGrouping& grouping, const Uses& uses) {
  std::vector<WaitingAnswer> waiting;
  for (std::size_t row = 0; row < uses.size(); ++row) waiting.push_back({row, uses[row]});
  const View<const std::size_t> chosen = grouping.choose(waiting);
  std::vector<std::size_t> rows(chosen.begin(), chosen.end());
  grouping.computed();
  return rows;
}

}  // namespace

TEST_CASE("all go where there is room, as they stand") {
  ExpertGrouping grouping(3, 3);
  CHECK(choose(grouping, {{1, 0}, {0, 1}, {1, 1}}) == std::vector<std::size_t>{0, 1, 2});
  CHECK(grouping.choose({}).empty());
}

TEST_CASE("who shares experts goes together") {
  // Rows 0, 2 and 5 use the first two of four experts, the others the last two.
  const Uses uses = {{.9F, .8F, 0, .1F}, {0, 0, 1, 1}, {1, 1, 0, 0},
                     {0, .1F, .9F, 1},   {0, 0, 1, 1}, {.8F, 1, .2F, 0}};
  ExpertGrouping grouping(6, 3);
  std::vector<std::size_t> first = choose(grouping, uses);
  std::sort(first.begin(), first.end());
  CHECK(first == std::vector<std::size_t>{0, 2, 5});
  CHECK(grouping.passed_over(1) == 1);
  std::vector<std::size_t> second = choose(grouping, uses);  // begins with one that was passed over
  std::sort(second.begin(), second.end());
  CHECK(second == std::vector<std::size_t>{1, 3, 4});
  CHECK(grouping.passed_over(1) == 0);
  CHECK(grouping.passed_over(0) == 1);
  grouping.begin(0);
  CHECK(grouping.passed_over(0) == 0);
}

TEST_CASE("a pass that was not computed counts for nobody") {
  const Uses uses = {{1, 0}, {1, 0}, {0, 1}};
  ExpertGrouping grouping(3, 2);
  CHECK(choose(grouping, uses) == std::vector<std::size_t>{0, 1});
  std::vector<WaitingAnswer> waiting;
  for (std::size_t row = 0; row < uses.size(); ++row) waiting.push_back({row, uses[row]});
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(grouping.choose(waiting)[0] == 2);
    CHECK(grouping.passed_over(2) == 1);
    CHECK(grouping.passed_over(1) == 0);
  }
  grouping.computed();
  CHECK(grouping.passed_over(2) == 0);
  CHECK(grouping.passed_over(1) == 1);
}

TEST_CASE("an expert that all use already is worth nothing more") {
  // The pass has row 0, then row 1; row 2 overlaps with both once, row 3 with what only row 0 uses twice.
  const Uses uses = {{1, 1, 1, 0}, {1, 1, 1, 0}, {0, 0, 1, 1}, {1, 1, 0, 0}};
  ExpertGrouping grouping(4, 3);
  CHECK(choose(grouping, uses) == std::vector<std::size_t>{0, 1, 3});
}

TEST_CASE("nobody is passed over more than eight times in turn, whatever the others use") {
  Random random(5);
  for (const std::size_t places : {1, 2, 3, 8}) {
    for (std::size_t rows = places; rows <= (ExpertGrouping::most_passed_over + 1) * places; rows += places + 1) {
      CAPTURE(places);
      CAPTURE(rows);
      ExpertGrouping grouping(rows, places);
      std::vector<std::size_t> passed_over(rows);
      std::size_t worst = 0;
      for (std::size_t pass = 0; pass < 200; ++pass) {
        // A crowd uses one expert; some, as it happens, others.
        Uses uses;
        for (std::size_t row = 0; row < rows; ++row) {
          uses.push_back(random.below(4) > 0 ? std::vector<float>{1, 0} : std::vector<float>{0, 1});
        }
        std::vector<WaitingAnswer> waiting;
        for (std::size_t row = 0; row < rows; ++row) {
          if (random.below(20) > 0) {
            waiting.push_back({row, uses[row]});
          } else {  // it has ended, and the row is another answer's
            grouping.begin(row);
            passed_over[row] = 0;
          }
        }
        const View<const std::size_t> chosen = grouping.choose(waiting);
        REQUIRE(chosen.size == std::min(places, waiting.size()));
        for (const WaitingAnswer& one : waiting) {
          const bool is_chosen = std::find(chosen.begin(), chosen.end(), one.row) != chosen.end();
          passed_over[one.row] = is_chosen ? 0 : passed_over[one.row] + 1;
          worst = std::max(worst, passed_over[one.row]);
        }
        grouping.computed();
        for (std::size_t row = 0; row < rows; ++row) REQUIRE(grouping.passed_over(row) == passed_over[row]);
      }
      CHECK(worst <= ExpertGrouping::most_passed_over);
      if (rows > 8 * places) CHECK(worst > 6);
    }
  }
}

TEST_CASE("groups in which some would wait too long are refused") {
  ExpertGrouping(18, 2);
  test::check_error<InvalidArgument>([] { ExpertGrouping(19, 2); }, {"2 of 19 rows", "8 times", "at least 3"});
  test::check_error<InvalidArgument>([] { ExpertGrouping(1, 0); }, {"0 of 1 rows"});
}
