// ARC against the algorithm of its paper, for parts of one size.
#include "asterism/cache/arc.hpp"

#include <algorithm>
#include <cstdint>
#include <list>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "cache/steps.hpp"

using namespace asterism;
using namespace asterism::cache;

namespace {

/// Figure 4 of the paper in its own words: front is the least recent.
struct Paper {
  std::size_t c;
  double p = 0;
  std::list<int> T1{}, T2{}, B1{}, B2{};
  std::vector<int> evicted{};

  static bool in(const std::list<int>& list, int x) {
    return std::find(list.begin(), list.end(), x) != list.end();
  }
  static double size(const std::list<int>& list) { return static_cast<double>(list.size()); }

  void replace(int x) {
    if (!T1.empty() && (size(T1) > p || (in(B2, x) && size(T1) == p))) {
      evicted.push_back(T1.front());
      B1.splice(B1.end(), T1, T1.begin());
    } else {
      evicted.push_back(T2.front());
      B2.splice(B2.end(), T2, T2.begin());
    }
  }
  bool request(int x) {
    evicted.clear();
    if (in(T1, x) || in(T2, x)) {  // case I
      T1.remove(x);
      T2.remove(x);
      T2.push_back(x);
      return true;
    }
    if (in(B1, x)) {  // case II
      const double delta = B1.size() >= B2.size() ? 1 : size(B2) / size(B1);
      p = std::min(p + delta, static_cast<double>(c));
      replace(x);
      B1.remove(x);
      T2.push_back(x);
      return false;
    }
    if (in(B2, x)) {  // case III
      const double delta = B2.size() >= B1.size() ? 1 : size(B1) / size(B2);
      p = std::max(p - delta, 0.0);
      replace(x);
      B2.remove(x);
      T2.push_back(x);
      return false;
    }
    const std::size_t l1 = T1.size() + B1.size();  // case IV
    const std::size_t all = l1 + T2.size() + B2.size();
    if (l1 == c) {
      if (T1.size() < c) {
        B1.pop_front();
        replace(x);
      } else {
        evicted.push_back(T1.front());
        T1.pop_front();
      }
    } else if (all >= c) {
      if (all == 2 * c) B2.pop_front();
      replace(x);
    }
    T1.push_back(x);
    return false;
  }
};

}  // namespace

TEST_CASE("hits, victims and the target equal those of the paper's algorithm") {
  for (const std::size_t slots : {1U, 2U, 7U, 20U, 40U}) {
    Arc cache(Parts(1, 60, 8_B), 8_B * slots);
    Paper paper{.c = slots};
    Random random(slots);
    int hits = 0;
    double highest = 0;
    for (int i = 0; i < 20000; ++i) {
      const std::uint64_t popular = std::min(random.below(60), random.below(60));
      const std::uint64_t near = (static_cast<std::uint64_t>(i) / 3 + random.below(4)) % 60;
      const auto x = static_cast<int>(i % 500 < 60        ? static_cast<std::uint64_t>(i) % 500
                                      : i / 1000 % 2 == 0 ? popular
                                                          : near);
      const bool hit = paper.request(x);
      const Admission found = admit(cache, {{0, x}});
      REQUIRE(found.hits.size() == (hit ? 1 : 0));
      REQUIRE(found.victims.size() == paper.evicted.size());
      for (std::size_t v = 0; v < found.victims.size(); ++v) REQUIRE(found.victims[v].member == paper.evicted[v]);
      REQUIRE(cache.target() == doctest::Approx(8 * paper.p).epsilon(1e-9));
      hits += hit ? 1 : 0;
      highest = std::max(highest, paper.p);
    }
    CHECK(hits > 200);
    CHECK(highest > 0);
  }
}

TEST_CASE("what was used twice stays through a scan") {
  Arc cache(Parts(1, 100, 1_B), 20_B);
  for (int round = 0; round < 2; ++round) {
    for (std::int32_t m = 0; m < 10; ++m) admit(cache, {{0, m}});
  }
  for (std::int32_t m = 20; m < 100; ++m) admit(cache, {{0, m}});
  for (std::int32_t m = 0; m < 10; ++m) CHECK(cache.contains({0, m}));
}
