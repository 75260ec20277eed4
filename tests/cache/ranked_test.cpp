// Victims by worth against a plain search, bypass, unlike sizes.
#include "asterism/cache/ranked.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "cache/steps.hpp"

using namespace asterism;
using namespace asterism::cache;

namespace {

/// Searches all residents for each victim.
struct Naive {
  const Parts& parts;
  std::uint64_t capacity;
  bool bypass;
  std::map<PartId, double> worth{};
  std::map<std::int32_t, double> factor{};
  std::map<PartId, std::uint64_t> used_at{};
  std::vector<PartId> residents{};
  std::vector<PartId> pinned{};
  std::uint64_t now = 0;

  double value(PartId part) { return worth[part] * (factor.count(part.group) == 0 ? 1 : factor[part.group]); }
  std::uint64_t bytes(const PartIds& list) const {
    std::uint64_t sum = 0;
    for (const PartId part : list) sum += parts.bytes(parts.number(part)).count;
    return sum;
  }
  static bool has(const PartIds& list, PartId part) {
    return std::find(list.begin(), list.end(), part) != list.end();
  }

  Admission admit(const PartIds& step) {
    Admission out;
    PartIds misses;
    for (const PartId part : step) {
      used_at[part] = ++now;
      (has(residents, part) ? out.hits : misses).push_back(part);
    }
    if (bypass) {
      std::stable_sort(misses.begin(), misses.end(), [&](PartId a, PartId b) { return value(a) > value(b); });
    }
    for (const PartId miss : misses) {
      PartIds sorted;
      for (const PartId part : residents) {
        if (!has(step, part) && !has(pinned, part)) sorted.push_back(part);
      }
      std::sort(sorted.begin(), sorted.end(), [&](PartId a, PartId b) {
        return value(a) < value(b) || (value(a) == value(b) && used_at[a] < used_at[b]);
      });
      std::size_t victims = 0;
      const auto fits = [&] {
        const PartIds leaving(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(victims));
        return bytes(residents) - bytes(leaving) + bytes({miss}) <= capacity;
      };
      while (!fits() && victims < sorted.size() && !(bypass && value(sorted[victims]) > value(miss))) ++victims;
      if (!fits()) {
        out.bypassed.push_back(miss);
        continue;
      }
      for (std::size_t i = 0; i < victims; ++i) {
        out.victims.push_back(sorted[i]);
        residents.erase(std::find(residents.begin(), residents.end(), sorted[i]));
      }
      out.fetched.push_back(miss);
      residents.push_back(miss);
    }
    return out;
  }
};

}  // namespace

TEST_CASE("victims, fetches and bypasses equal those of a plain search") {
  Random random(4);
  for (int run = 0; run < 24; ++run) {
    const bool bypass = run % 2 == 0;
    std::vector<Bytes> sizes(24);
    for (Bytes& size : sizes) size.count = run % 3 == 0 ? 2 : 1 + random.below(6);
    const Parts parts(3, 8, sizes);
    const Bytes capacity{8 + random.below(parts.total().count / 2)};
    Ranked ranked(parts, capacity, {.bypass = bypass});
    Naive naive{.parts = parts, .capacity = capacity.count, .bypass = bypass};
    std::uint64_t bypassed = 0;
    std::uint64_t victims = 0;
    for (int i = 0; i < 300; ++i) {
      for (int change = 0; change < 3; ++change) {
        const PartId part = parts.part(random.below(24));
        const double worth = random.below(4) == 0 ? 1 : random.uniform();
        ranked.set_worth(parts.number(part), worth);
        naive.worth[part] = worth;
      }
      const auto group = static_cast<std::int32_t>(random.below(3));
      const double factor = random.below(3) == 0 ? 1 : random.uniform();
      ranked.set_factor(group, factor);
      naive.factor[group] = factor;
      const PartId pin = parts.part(random.below(24));
      if (naive.pinned.empty() && parts.bytes(parts.number(pin)) <= capacity) {
        ranked.pin(pin);
        naive.pinned.push_back(pin);
      } else if (!naive.pinned.empty()) {
        ranked.unpin(naive.pinned.back());
        naive.pinned.pop_back();
      }
      PartIds step;
      while (step.size() < 1 + random.below(4)) {
        const PartId part = parts.part(random.below(24));
        if (!Naive::has(step, part)) step.push_back(part);
      }
      PartIds stays = step;
      for (const PartId part : naive.pinned) {
        if (!Naive::has(step, part) && Naive::has(naive.residents, part)) stays.push_back(part);
      }
      if (!bypass && naive.bytes(stays) > capacity.count) {
        CHECK_THROWS_AS(admit(ranked, step), BudgetExceeded);
        continue;
      }
      const Admission expected = naive.admit(step);
      const Admission found = admit(ranked, step);
      REQUIRE(found.hits == expected.hits);
      REQUIRE(found.fetched == expected.fetched);
      REQUIRE(found.bypassed == expected.bypassed);
      REQUIRE(found.victims == expected.victims);
      bypassed += found.bypassed.size();
      victims += found.victims.size();
    }
    CHECK(victims > 50);
    CHECK((bypassed > 20) == bypass);
  }
}

TEST_CASE("a large part that would cost one of more worth is bypassed, and nothing leaves for it") {
  const std::vector<Bytes> sizes{1_B, 1_B, 1_B, 3_B};
  Ranked ranked(Parts(1, 4, sizes), 3_B, {.bypass = true});
  for (std::size_t i = 0; i < 4; ++i) ranked.set_worth(i, i == 2 ? 0.9 : 0.1);
  ranked.set_worth(3, 0.5);
  admit(ranked, {{0, 0}, {0, 1}, {0, 2}});
  CHECK(admit(ranked, {{0, 3}}).bypassed == PartIds{{0, 3}});
  for (std::int32_t m = 0; m < 3; ++m) CHECK(ranked.contains({0, m}));
  ranked.set_worth(3, 0.9);  // as much as the dearest is enough
  CHECK(admit(ranked, {{0, 3}}).victims == PartIds{{0, 0}, {0, 1}, {0, 2}});
}

TEST_CASE("with bypass, a step larger than the cache is admitted as far as it goes, most valuable first") {
  Ranked ranked(Parts(1, 6, 1_B), 2_B, {.bypass = true});
  for (std::size_t i = 0; i < 6; ++i) ranked.set_worth(i, static_cast<double>(i % 3));
  const Admission first = admit(ranked, {{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}});
  CHECK(first.fetched == PartIds{{0, 2}, {0, 5}});
  CHECK(first.bypassed == PartIds{{0, 1}, {0, 4}, {0, 0}, {0, 3}});
  Ranked strict(Parts(1, 6, 1_B), 2_B);
  CHECK_THROWS_AS(admit(strict, {{0, 0}, {0, 1}, {0, 2}}), BudgetExceeded);
}
