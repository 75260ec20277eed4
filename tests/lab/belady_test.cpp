// The optimum against all possible caches of small traces, and no policy above it.
#include "asterism/lab/belady.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/arc.hpp"
#include "asterism/cache/decayed_use.hpp"
#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_frequent.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/cache/s3_fifo.hpp"
#include "asterism/cache/static.hpp"
#include "asterism/core/random.hpp"

#include "lab/routing_traces.hpp"

using namespace asterism;
using namespace asterism::lab;

namespace {

/// The most hits of any choice of residents: after each step, any `slots` at most of the residents and the step's
/// parts.
std::uint64_t most_hits(const RoutingTrace& trace, int slots) {
  const std::size_t parts = static_cast<std::size_t>(trace.sizes().layers * trace.sizes().experts);
  const std::int64_t impossible = -1;
  std::vector<std::int64_t> best(std::size_t{1} << parts, impossible);  // by set of residents
  best[0] = 0;
  for_each_group_use(trace, [&](const GroupUse& use) {
    std::size_t step = 0;
    for (const PartId part : use.step) {
      step |= std::size_t{1} << static_cast<std::size_t>(part.group * trace.sizes().experts + part.member);
    }
    std::vector<std::int64_t> next(best.size(), impossible);
    for (std::size_t before = 0; before < best.size(); ++before) {
      if (best[before] == impossible) continue;
      const std::int64_t hits = best[before] + __builtin_popcountll(before & step);
      for (std::size_t after = before | step;; after = (after - 1) & (before | step)) {
        if (__builtin_popcountll(after) <= slots) next[after] = std::max(next[after], hits);
        if (after == 0) break;
      }
    }
    best = next;
  });
  return static_cast<std::uint64_t>(*std::max_element(best.begin(), best.end()));
}

RoutingTrace random_trace(const RoutingSizes& sizes, std::size_t sequences, std::size_t tokens, Random& random) {
  RoutingTrace trace(sizes);
  for (std::size_t i = 0; i < sequences; ++i) trace.append(test::random_sequence(sizes, tokens, random));
  return trace;
}

}  // namespace

TEST_CASE("its hits are the most that any choice of residents has") {
  Random random(1);
  for (const RoutingSizes sizes : {RoutingSizes{1, 4, 1}, {2, 3, 1}, {2, 3, 2}, {1, 6, 3}, {3, 2, 1}}) {
    for (int slots = 0; slots <= sizes.layers * sizes.experts; ++slots) {
      for (int i = 0; i < 4; ++i) {
        const RoutingTrace trace = random_trace(sizes, 2, 8, random);
        const ReplayCounts counts = belady(trace, static_cast<std::uint64_t>(slots));
        REQUIRE(counts.hits == most_hits(trace, slots));
        REQUIRE(counts.accesses == 16 * sizes.choices_per_token());
        REQUIRE(counts.hits + counts.fetches + counts.bypassed == counts.accesses);
        REQUIRE(counts.bytes == Bytes{counts.fetches + counts.bypassed});
        REQUIRE(counts.hits <= counts.accesses);
        REQUIRE(counts.victims == counts.fetches);  // nothing stays after its last use
      }
    }
  }
}

TEST_CASE("no policy has more hits") {
  Random random(2);
  for (const RoutingSizes sizes : {RoutingSizes{1, 8, 1}, {4, 8, 2}, {3, 16, 4}}) {
    for (int i = 0; i < 6; ++i) {
      const RoutingTrace trace = random_trace(sizes, 4, 30, random);
      const cache::Parts parts(sizes.layers, sizes.experts, 5_B);
      std::vector<std::uint64_t> counts(parts.size());
      for_each_group_use(trace, [&](const GroupUse& use) {
        for (const PartId part : use.step) ++counts[parts.number(part)];
      });
      for (std::uint64_t slots = static_cast<std::uint64_t>(sizes.top_k); slots <= parts.size(); ++slots) {
        const std::uint64_t most = belady(trace, slots).hits;
        const Bytes capacity = 5_B * slots;
        const auto hits = [&](auto policy) { return replay(trace, policy, [](PartId) { return 5_B; }).hits; };
        REQUIRE(hits(cache::LeastRecent(parts, capacity)) <= most);
        REQUIRE(hits(cache::S3Fifo(parts, capacity)) <= most);
        REQUIRE(hits(cache::Arc(parts, capacity)) <= most);
        REQUIRE(hits(cache::Static(parts, capacity, counts)) <= most);
        for (const bool bypass : {false, true}) {
          REQUIRE(hits(cache::LeastFrequent(parts, capacity, {.bypass = bypass})) <= most);
          REQUIRE(hits(cache::DecayedUse(parts, capacity, {.bypass = bypass})) <= most);
          REQUIRE(hits(cache::Hazard(parts, capacity, {.bypass = bypass})) <= most);
        }
      }
      cache::LeastRecent unlimited(parts, parts.total());  // each part is missed once
      const std::uint64_t all_missed_once = replay(trace, unlimited, [](PartId) { return 5_B; }).hits;
      REQUIRE(belady(trace, parts.size()).hits == all_missed_once);
    }
  }
}
