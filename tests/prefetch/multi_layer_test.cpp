// The weighted mean of the layers before, against a plain loop.
#include "asterism/prefetch/multi_layer.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "prefetch/predictions.hpp"

using namespace asterism;
using test::asked;
using test::tell;

TEST_CASE("weights of .4 .3 .2 .1, divided by those that there are") {
  constexpr std::int32_t groups = 7;
  constexpr std::size_t members = 6;
  constexpr double weights[] = {0.4, 0.3, 0.2, 0.1};
  prefetch::MultiLayer multi({.groups = groups, .members = members});
  Random random(1);
  for (int pass = 0; pass < 20; ++pass) {
    std::vector<std::vector<double>> shares(groups);  // of this pass; empty for a layer that is left out
    for (std::int32_t group = 0; group < groups; ++group) {
      if (random.below(5) == 0) continue;
      std::vector<float> probabilities(members);
      double total = 0;
      for (float& one : probabilities) total += double{one = static_cast<float>(random.uniform())};
      for (const float one : probabilities) shares[static_cast<std::size_t>(group)].push_back(double{one} / total);
      tell(multi, group, {0, 1}, {.probabilities = probabilities});
      for (std::int32_t next = group + 1; next < groups; ++next) {
        std::vector<double> expected(members);
        double known = 0;
        for (std::int32_t back = 1; back <= 4 && back <= next; ++back) {
          const auto& before = shares[static_cast<std::size_t>(next - back)];
          if (before.empty()) continue;
          known += weights[back - 1];
          for (std::size_t m = 0; m < members; ++m) expected[m] += weights[back - 1] * before[m];
        }
        const std::vector<float> found = asked(multi, next, members);
        for (std::size_t m = 0; m < members; ++m) {
          CHECK(double{found[m]} == doctest::Approx(known == 0 ? 0 : expected[m] / known).epsilon(1e-5));
        }
      }
    }
  }
}
