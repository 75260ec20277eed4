// Advice on slots and prefetching, from what slots counted; and quantiles of fetches.
#include "asterism/residency/adaptation.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using residency::Adaptation;
using residency::FetchTimes;
using residency::SlotAdvice;
using residency::SlotCounts;

namespace {

/// Goes on by 1000 uses with that hit rate, of which the others take so long.
void go_on(SlotCounts& counts, double rate, double seconds) {
  const auto hits = static_cast<std::uint64_t>(std::llround(1000 * rate));
  counts.uses += 1000;
  counts.hits += hits;
  for (std::uint64_t i = hits; i < 1000; ++i) (i % 2 == 0 ? counts.from_disk : counts.from_memory).add(seconds);
}

}  // namespace

TEST_CASE("each limit is reached at its number and not before") {
  Adaptation adaptation;
  SlotCounts counts;
  CHECK(!adaptation.judge(counts));
  const auto after = [&](double rate, double seconds = 1e-3) {
    go_on(counts, rate, seconds);
    CHECK(adaptation.judge(counts));
    return adaptation.slots();
  };
  CHECK(after(.601) == SlotAdvice::keep);
  CHECK(after(.600) == SlotAdvice::grow);
  CHECK(after(.649) == SlotAdvice::grow);
  CHECK(after(.650) == SlotAdvice::keep);
  CHECK(after(.899) == SlotAdvice::keep);
  CHECK(after(.900) == SlotAdvice::shrink);
  CHECK(after(.851) == SlotAdvice::shrink);
  CHECK(after(.850) == SlotAdvice::keep);
  CHECK(!adaptation.prefetch_more());
  after(.7, 9.9e-3);
  CHECK(!adaptation.prefetch_more());
  after(.7, 10.001e-3);
  CHECK(adaptation.prefetch_more());
  after(.7, 8.1e-3);
  CHECK(adaptation.prefetch_more());
  after(.7, 7.9e-3);
  CHECK(!adaptation.prefetch_more());
}

TEST_CASE("few uses are not judged; counts that begin anew are") {
  Adaptation adaptation;
  SlotCounts counts;
  go_on(counts, .5, 1e-3);
  CHECK(adaptation.judge(counts));
  CHECK(adaptation.slots() == SlotAdvice::grow);
  counts.uses += 199;
  counts.hits += 199;
  CHECK(!adaptation.judge(counts));
  SlotCounts anew;
  anew.uses = 300;
  anew.hits = 300;
  CHECK(adaptation.judge(anew));
  CHECK(adaptation.slots() == SlotAdvice::shrink);
}

TEST_CASE("advice on prefetching stays where nothing was fetched, or timed") {
  Adaptation adaptation;
  SlotCounts counts;
  go_on(counts, .7, 20e-3);
  CHECK(adaptation.judge(counts));
  CHECK(adaptation.prefetch_more());
  counts.uses += 1000;
  counts.hits += 1000;
  CHECK(adaptation.judge(counts));
  CHECK(adaptation.prefetch_more());
  CHECK(adaptation.slots() == SlotAdvice::shrink);
}

TEST_CASE("counts of other slots with more uses and fewer hits or fetches are judged from their beginning") {
  Adaptation adaptation;
  SlotCounts counts;
  go_on(counts, .95, 1e-3);
  CHECK(adaptation.judge(counts));
  SlotCounts fewer_hits;
  fewer_hits.uses = 2000;
  fewer_hits.hits = 900;
  CHECK(adaptation.judge(fewer_hits));
  CHECK(adaptation.slots() == SlotAdvice::grow);
  SlotCounts fewer_fetches = fewer_hits;
  go_on(counts, .5, 1e-3);
  go_on(fewer_fetches, .5, 20e-3);
  fewer_fetches.uses += 1000;
  fewer_fetches.hits += 1000;
  Adaptation another;
  CHECK(another.judge(counts));
  CHECK(!another.prefetch_more());
  CHECK(another.judge(fewer_fetches));
  CHECK(another.prefetch_more());
}

TEST_CASE("limits that are the wrong way round are refused") {
  residency::AdaptationLimits limits;
  limits.misses = {.65, .60};
  CHECK_THROWS_AS(Adaptation{limits}, InvalidArgument);
  limits = {};
  limits.hits = {.85, .90};
  CHECK_THROWS_AS(Adaptation{limits}, InvalidArgument);
  limits = {};
  limits.fetch_seconds = {8e-3, 10e-3};
  CHECK_THROWS_AS(Adaptation{limits}, InvalidArgument);
}

TEST_CASE("random walks around each threshold change advice at most once per crossing") {
  Random random(9);
  for (std::size_t walk = 0; walk < 1000; ++walk) {
    Adaptation adaptation;
    SlotCounts counts;
    double rate = walk % 2 == 0 ? .62 : .88;
    SlotAdvice is = SlotAdvice::keep;
    for (std::size_t step = 0; step < 50; ++step) {
      rate = std::clamp(rate + (random.uniform() - .5) * .04, 0.0, 1.0);
      counts.uses += 1000;
      const auto hits = static_cast<std::uint64_t>(rate * 1000);
      counts.hits += hits;
      REQUIRE(adaptation.judge(counts));
      if (is != SlotAdvice::shrink && hits <= 600) is = SlotAdvice::grow;
      if (is == SlotAdvice::grow && hits >= 650) is = SlotAdvice::keep;
      if (is != SlotAdvice::grow && hits >= 900) is = SlotAdvice::shrink;
      if (is == SlotAdvice::shrink && hits <= 850) is = SlotAdvice::keep;
      REQUIRE(adaptation.slots() == is);
    }
  }
}

TEST_CASE("random walks of the time of a fetch change advice at most once per crossing") {
  Random random(10);
  std::size_t changes = 0;
  for (std::size_t walk = 0; walk < 1000; ++walk) {
    Adaptation adaptation;
    SlotCounts counts;
    double seconds = 9e-3;
    bool on = false;
    for (std::size_t step = 0; step < 50; ++step) {
      seconds = std::clamp(seconds + (random.uniform() - .5) * 2e-3, 6e-3, 12e-3);
      counts.uses += 1000;
      counts.hits += 999;
      counts.from_disk.add(seconds);
      REQUIRE(adaptation.judge(counts));
      // Means come from sums, and are rounded: walks stay away from the thresholds themselves.
      if (std::abs(seconds - 10e-3) < 1e-9 || std::abs(seconds - 8e-3) < 1e-9) break;
      const bool crosses = on ? seconds < 8e-3 : seconds > 10e-3;
      if (crosses) on = !on;
      changes += crosses ? 1 : 0;
      REQUIRE(adaptation.prefetch_more() == on);
    }
  }
  CHECK(changes > 1000);
}

TEST_CASE("quantiles are those of the sorted times, at most 19 % too large") {
  Random random(1);
  FetchTimes times;
  CHECK(times.quantile(.5) == 0);
  CHECK(times.mean() == 0);
  std::vector<double> all;
  for (std::size_t i = 0; i < 5000; ++i) {
    all.push_back(1e-6 * std::pow(10, 6 * random.uniform()));
    times.add(all.back());
  }
  std::sort(all.begin(), all.end());
  for (const double share : {.01, .5, .95, .99, 1.0}) {
    CAPTURE(share);
    const double exact = all[static_cast<std::size_t>(std::ceil(share * 5000)) - 1];
    CHECK(times.quantile(share) >= exact);
    CHECK(times.quantile(share) <= exact * 1.19);
  }
  FetchTimes more = times;
  more.add(100);
  more.add(0);
  CHECK(more.since(times).count() == 2);
  CHECK(more.since(times).mean() == doctest::Approx(50));
  CHECK(more.since(times).quantile(.5) == 1e-6);
  CHECK(more.quantile(1) > 10);
  times += more;
  CHECK(times.count() == 10002);
}
