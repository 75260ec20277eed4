// Decayed shares against the sum that they stand for.
#include "asterism/cache/decayed_use.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "cache/steps.hpp"

using namespace asterism;
using namespace asterism::cache;

TEST_CASE("values equal weighted shares of the passes, and the least valuable part leaves") {
  constexpr double half_life = 3;
  DecayedUse cache(Parts(2, 6, 1_B), 5_B, {.half_life = half_life});
  std::vector<std::vector<std::vector<bool>>> history(2);  // (groups, passes, members)
  for (const Use& use : passes_to_try(2, 6, 2, 100, 9)) {
    auto& passes = history[static_cast<std::size_t>(use.group)];
    passes.emplace_back(6);
    for (const std::int32_t member : use.used) passes.back()[static_cast<std::size_t>(member)] = true;
    const Admission found = pass_through(cache, use);
    const double decay = std::pow(0.5, 1 / half_life);
    for (std::int32_t group = 0; group < 2; ++group) {
      const auto& of_group = history[static_cast<std::size_t>(group)];
      for (std::int32_t member = 0; member < 6; ++member) {
        double share = 0;
        for (std::size_t ago = 0; ago < of_group.size(); ++ago) {
          if (!of_group[of_group.size() - 1 - ago][static_cast<std::size_t>(member)]) continue;
          share += (1 - decay) * std::pow(decay, static_cast<double>(ago));
        }
        REQUIRE(cache.value({group, member}) == doctest::Approx(share).epsilon(1e-5));
        if (!cache.contains({group, member}) || (group == use.group && found.hits == use.step)) continue;
        for (const PartId victim : found.victims) {
          const bool of_step = group == use.group && (member == use.used[0] || member == use.used[1]);
          REQUIRE((of_step || cache.value(victim) <= cache.value({group, member})));
        }
      }
    }
  }
}

TEST_CASE("after a half-life a use counts half") {
  DecayedUse cache(Parts(1, 2, 1_B), 2_B, {.half_life = 4});
  const std::vector<std::int32_t> one{1};
  cache.observe(0, one, {});
  const float first = cache.value({0, 1});
  for (int pass = 0; pass < 4; ++pass) cache.observe(0, {}, {});
  CHECK(cache.value({0, 1}) == doctest::Approx(first / 2));
}

TEST_CASE("half-lives are above 0") {
  for (const double half_life : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_WITH_AS(DecayedUse(Parts(1, 2, 1_B), 2_B, {.half_life = half_life}),
                         doctest::Contains("expected a number above 0"), InvalidArgument);
  }
}
