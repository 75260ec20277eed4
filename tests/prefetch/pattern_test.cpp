// Counts of transitions against a table of all passes.
#include "asterism/prefetch/pattern.hpp"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "prefetch/predictions.hpp"

using namespace asterism;
using test::asked;
using test::tell;
using Ids = std::vector<std::int32_t>;

TEST_CASE("predictions equal those of a table that keeps all passes") {
  constexpr std::int32_t groups = 3;
  constexpr std::int32_t members = 5;
  prefetch::Pattern pattern({.groups = groups, .members = members});
  Random random(1);
  std::vector<std::vector<Ids>> passes;  // what each used in each group
  for (int pass = 0; pass < 60; ++pass) {
    passes.emplace_back();
    for (std::int32_t group = 0; group < groups; ++group) {
      passes.back().push_back(test::distinct(members, 2, random));
      tell(pattern, group, passes.back().back());
      const std::int32_t next = (group + 1) % groups;
      const Ids& now = passes.back().back();
      // Every time that the next group came, with what was used just before.
      std::vector<double> expected(members);
      double times = 0;
      double known = 0;
      for (std::size_t p = next == 0 ? 1 : 0; p < passes.size(); ++p) {
        times += passes[p].size() > static_cast<std::size_t>(next) ? 1 : 0;
      }
      for (const std::int32_t from : now) {
        std::vector<double> row(members);
        double sum = 0;
        for (std::size_t p = next == 0 ? 1 : 0; p < passes.size(); ++p) {
          if (passes[p].size() <= static_cast<std::size_t>(next)) continue;
          const Ids& before = next == 0 ? passes[p - 1].back() : passes[p][static_cast<std::size_t>(next) - 1];
          if (std::count(before.begin(), before.end(), from) == 0) continue;
          for (const std::int32_t to : passes[p][static_cast<std::size_t>(next)]) {
            ++row[static_cast<std::size_t>(to)];
            ++sum;
          }
        }
        known += sum > 0 ? 1 : 0;
        for (std::size_t m = 0; m < members && sum > 0; ++m) expected[m] += row[m] / sum;
      }
      const std::vector<float> found = asked(pattern, next, members);
      CHECK(pattern.confidence(next) == doctest::Approx(times / 1000));
      for (std::size_t m = 0; m < members; ++m) {
        CHECK(double{found[m]} ==
              doctest::Approx(known == 0 ? 0 : expected[m] / known * times / 1000).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("confidence grows to 1 at a thousand passes, for each group") {
  prefetch::Pattern pattern({.groups = 2, .members = 2});
  for (int pass = 0; pass < 1200; ++pass) {
    tell(pattern, 0, {pass % 2});
    if (pass < 500) tell(pattern, 1, {pass % 2});
  }
  CHECK(pattern.confidence(0) == doctest::Approx(0.5));  // behind group 1 of the pass before
  CHECK(pattern.confidence(1) == doctest::Approx(0.5));
  CHECK(asked(pattern, 1, 2) == std::vector<float>{0, 0.5F});
  for (int pass = 0; pass < 700; ++pass) {
    tell(pattern, 0, {0});
    tell(pattern, 1, {0});
  }
  CHECK(pattern.confidence(1) == 1);
  CHECK(pattern.confidence(2) == 0);
  CHECK(pattern.confidence(-1) == 0);
}
