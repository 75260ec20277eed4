// Gradient descent against a plain loop in double, and what it can learn.
#include "asterism/prefetch/learned.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "prefetch/predictions.hpp"

using namespace asterism;
using test::asked;
using test::tell;
using Ids = std::vector<std::int32_t>;

TEST_CASE("predictions equal those of a plain loop") {
  constexpr std::int32_t groups = 3;
  constexpr std::int32_t members = 4;
  prefetch::Learned learned({.groups = groups, .members = members});
  Random random(1);
  // weights[group][output][input]: members before, members of the last time, bias.
  std::vector<std::vector<std::vector<double>>> weights(
      groups, std::vector<std::vector<double>>(members, std::vector<double>(2 * members + 1)));
  std::vector<Ids> last(groups);
  Ids before;
  const auto inputs = [&](std::int32_t group) {
    std::vector<double> x(2 * members + 1);
    for (const std::int32_t m : before) x[static_cast<std::size_t>(m)] = 1;
    for (const std::int32_t m : last[static_cast<std::size_t>(group)])
      x[static_cast<std::size_t>(members + m)] = 1;
    x.back() = 1;
    return x;
  };
  const auto estimates = [&](std::int32_t group) {
    const std::vector<double> x = inputs(group);
    std::vector<double> p;
    for (const auto& row : weights[static_cast<std::size_t>(group)]) {
      double z = 0;
      for (std::size_t i = 0; i < x.size(); ++i) z += row[i] * x[i];
      p.push_back(1 / (1 + std::exp(-z)));
    }
    return p;
  };
  for (int pass = 0; pass < 80; ++pass) {
    for (std::int32_t group = 0; group < groups; ++group) {
      const Ids used = test::distinct(members, 2, random);
      if (pass > 0) {
        const std::vector<double> p = estimates(group);
        double total = 0;
        for (const double one : p) total += one;
        const std::vector<float> found = asked(learned, group, members);
        for (std::size_t m = 0; m < members; ++m)
          CHECK(double{found[m]} == doctest::Approx(p[m] / total).epsilon(1e-4));
      }
      const std::vector<double> p = estimates(group);
      const std::vector<double> x = inputs(group);
      for (std::size_t m = 0; m < members; ++m) {
        const bool is_used = std::count(used.begin(), used.end(), static_cast<std::int32_t>(m)) > 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          weights[static_cast<std::size_t>(group)][m][i] +=
              double{prefetch::Learned::rate} * ((is_used ? 1 : 0) - p[m]) * x[i];
        }
      }
      tell(learned, group, used);
      last[static_cast<std::size_t>(group)] = used;
      before = used;
    }
  }
}

TEST_CASE("a rule is learned: the next layer uses what this one does, plus one") {
  constexpr std::int32_t members = 8;
  prefetch::Learned learned({.groups = 2, .members = members});
  Random random(2);
  int right = 0;
  for (int pass = 0; pass < 600; ++pass) {
    const auto first = static_cast<std::int32_t>(random.below(members));
    tell(learned, 0, {first});
    const std::vector<float> found = asked(learned, 1, members);
    const auto best = std::max_element(found.begin(), found.end()) - found.begin();
    if (pass >= 500) right += best == (first + 1) % members ? 1 : 0;
    tell(learned, 1, {(first + 1) % members});
  }
  CHECK(right == 100);
}

TEST_CASE("nothing is known of a group that was never used") {
  prefetch::Learned learned({.groups = 2, .members = 2});
  tell(learned, 0, {0});
  CHECK(asked(learned, 1, 2) == std::vector<float>{0, 0});
  tell(learned, 1, {});
  tell(learned, 0, {0});
  CHECK(asked(learned, 1, 2) == std::vector<float>{0, 0});
  tell(learned, 1, {1});
  tell(learned, 0, {0});
  CHECK(asked(learned, 1, 2)[1] > 0.5F);
}
