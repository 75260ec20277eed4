// Hazard against a dense solution and a plain search, both in double.
#include "asterism/cache/hazard.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "cache/steps.hpp"

using namespace asterism;
using namespace asterism::cache;

namespace {

constexpr std::size_t n = 7;
using Vector = std::array<double, n>;
const Vector prior{.15, .25, .3, .3, 0, 0, 0};

/// Gauss and Jordan, with pivots.
Vector solved(std::array<Vector, n> a, Vector b) {
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column; row < n; ++row) {
      if (std::fabs(a[row][column]) > std::fabs(a[pivot][column])) pivot = row;
    }
    std::swap(a[column], a[pivot]);
    std::swap(b[column], b[pivot]);
    for (std::size_t row = 0; row < n; ++row) {
      if (row == column) continue;
      const double factor = a[row][column] / a[column][column];
      for (std::size_t i = 0; i < n; ++i) a[row][i] -= factor * a[column][i];
      b[row] -= factor * b[column];
    }
  }
  for (std::size_t row = 0; row < n; ++row) b[row] /= a[row][row];
  return b;
}

struct Naive {
  std::int32_t groups;
  std::int32_t members;
  std::size_t slots;
  bool bypass;
  std::map<PartId, Vector> x{};
  std::array<Vector, n> a{};
  Vector b{};
  Vector w = prior;
  int passes = 0;
  std::int32_t current = -1;
  std::map<PartId, int> used_at{};
  std::vector<PartId> residents{};
  int now = 0;

  double v(PartId part) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += w[i] * x[part][i];
    return sum;
  }
  double worth(PartId part) {
    std::int32_t d = 0;  // layers that run before the part's own
    for (std::int32_t layer = (current + 1) % groups; layer != part.group; layer = (layer + 1) % groups) ++d;
    return v(part) * std::pow(0.5, static_cast<double>(d) / groups);
  }

  void observe(const Use& use) {
    if (use.group <= current && ++passes % 8 == 0) {
      std::array<Vector, n> with_prior = a;
      Vector right = b;
      for (std::size_t i = 0; i < n; ++i) with_prior[i][i] += 20;
      for (std::size_t i = 0; i < n; ++i) right[i] += 20 * prior[i];
      w = solved(with_prior, right);
    }
    current = use.group;
    const double k = static_cast<double>(use.used.size());
    for (std::int32_t m = 0; m < members; ++m) {
      Vector& features = x[{use.group, m}];
      const double used = std::find(use.used.begin(), use.used.end(), m) != use.used.end() ? 1 : 0;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) a[i][j] += features[i] * features[j];
        b[i] += features[i] * used;
      }
      const double p = use.probabilities.empty() ? 0 : double{use.probabilities[static_cast<std::size_t>(m)]};
      const double q = use.probabilities.empty() ? used : std::min(1.0, k * p);
      const double half_lives[] = {1.5, 6, 24, 96};
      for (std::size_t i = 0; i < 4; ++i) {
        const double d = std::pow(0.5, 1 / half_lives[i]);
        features[i] = d * features[i] + (1 - d) * used;
      }
      features[4] = q;
      const double d = std::pow(0.5, 1 / 2.0);
      features[5] = d * features[5] + (1 - d) * q;
      features[6] = k / members;
    }
  }

  Admission admit(const PartIds& step) {
    Admission out;
    PartIds misses;
    const auto in = [](const PartIds& list, PartId part) {
      return std::find(list.begin(), list.end(), part) != list.end();
    };
    for (const PartId part : step) {
      used_at[part] = ++now;
      (in(residents, part) ? out.hits : misses).push_back(part);
    }
    if (bypass) {
      std::stable_sort(misses.begin(), misses.end(), [&](PartId l, PartId r) { return worth(l) > worth(r); });
    }
    for (const PartId miss : misses) {
      if (residents.size() == slots) {
        auto victim = residents.end();
        for (auto at = residents.begin(); at != residents.end(); ++at) {
          if (in(step, *at)) continue;
          if (victim == residents.end() || worth(*at) < worth(*victim) ||
              (worth(*at) == worth(*victim) && used_at[*at] < used_at[*victim])) {
            victim = at;
          }
        }
        if (victim == residents.end() || (bypass && worth(*victim) > worth(miss))) {
          out.bypassed.push_back(miss);
          continue;
        }
        out.victims.push_back(*victim);
        residents.erase(victim);
      }
      residents.push_back(miss);
      out.fetched.push_back(miss);
    }
    return out;
  }
};

}  // namespace

TEST_CASE("weights, values and decisions equal those of a dense solution and a plain search") {
  for (const bool bypass : {true, false}) {
    std::size_t bypassed = 0;
    for (const std::size_t slots : {6U, 10U, 20U}) {
      Hazard cache(Parts(4, 8, 3_B), 3_B * slots, {.bypass = bypass});
      Naive naive{.groups = 4, .members = 8, .slots = slots, .bypass = bypass};
      std::size_t victims = 0;
      std::size_t number = 0;
      for (Use use : passes_to_try(4, 8, 2, 400, slots)) {
        if (++number % 7 == 0) use.probabilities.clear();
        if (number % 50 == 0) use.used = {0, 1, 2, 3, 5};  // of a prompt
        naive.observe(use);
        cache.observe(use.group, use.used, use.probabilities);
        const Admission expected = naive.admit(use.step);
        const Admission found = admit(cache, use.step);
        REQUIRE(found.hits == expected.hits);
        REQUIRE(found.fetched == expected.fetched);
        REQUIRE(found.bypassed == expected.bypassed);
        REQUIRE(found.victims == expected.victims);
        for (std::size_t i = 0; i < n; ++i) {
          REQUIRE(cache.weights()[i] == doctest::Approx(naive.w[i]).epsilon(1e-9));
          REQUIRE(cache.features_of({use.group, 3})[i] ==
                  doctest::Approx(naive.x[{use.group, 3}][i]).epsilon(1e-12));
        }
        const double value = std::clamp(naive.v({use.group, 5}), 0.0, 1.0);
        REQUIRE(cache.value({use.group, 5}) == doctest::Approx(value).epsilon(1e-6));
        bypassed += found.bypassed.size();
        victims += found.victims.size();
      }
      CHECK(cache.weights() != prior);
      CHECK(victims > 100);
    }
    CHECK((bypassed > 100) == bypass);
  }
}

TEST_CASE("it learns what tells of the next use") {
  // Members are used in turn: the one of the pass before never.
  Hazard cache(Parts(1, 4, 1_B), 2_B);
  for (std::int32_t pass = 0; pass < 400; ++pass) {
    const std::vector<std::int32_t> used{pass % 4};
    cache.observe(0, used, {});
  }
  for (std::int32_t member = 1; member < 4; ++member) {  // 0 is next, whatever was used last
    CHECK(cache.value({0, 0}) > 1.1F * cache.value({0, member}));
  }
}

TEST_CASE("of equal value, the part whose layer runs last leaves") {
  Hazard cache(Parts(4, 2, 1_B), 4_B, {.bypass = false});
  const std::vector<std::int32_t> used{0};
  for (int pass = 0; pass < 4; ++pass) {
    for (std::int32_t group = 0; group < 4; ++group) {
      cache.observe(group, used, {});
      const PartIds step{{group, 0}};
      admit(cache, step);
    }
  }
  for (std::int32_t group = 0; group < 2; ++group) cache.observe(group, used, {});
  // Groups 2, 3, 0 run before 1 does again.
  CHECK(admit(cache, {{1, 0}, {1, 1}}).victims == PartIds{{0, 0}});
  CHECK(admit(cache, {{0, 1}}).victims == PartIds{{1, 1}});  // never used
  CHECK(admit(cache, {{0, 0}, {0, 1}}).victims == PartIds{{1, 0}});
}

TEST_CASE("top_k is what a row chooses") {
  const std::vector<std::int32_t> used{0, 1, 2};
  const std::vector<float> probabilities{0.3F, 0.3F, 0.3F, 0.1F};
  Hazard counted(Parts(1, 4, 1_B), 2_B);
  counted.observe(0, used, probabilities);
  CHECK(counted.features_of({0, 3})[4] == doctest::Approx(0.3));
  CHECK(counted.features_of({0, 3})[6] == doctest::Approx(0.75));
  Hazard given(Parts(1, 4, 1_B), 2_B, {.top_k = 2});
  given.observe(0, used, probabilities);
  CHECK(given.features_of({0, 3})[4] == doctest::Approx(0.2));
  CHECK(given.features_of({0, 3})[6] == doctest::Approx(0.5));
  for (const std::int32_t top_k : {-1, 5}) {
    CHECK_THROWS_WITH_AS(Hazard(Parts(1, 4, 1_B), 2_B, {.top_k = top_k}), doctest::Contains("expected 0 to 4"),
                         InvalidArgument);
  }
}
