// Replays of traces: what caches see, what is counted, and how well each policy does on the shipped trace.
#include "asterism/lab/replay.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/all.hpp"
#include "asterism/cache/arc.hpp"
#include "asterism/cache/decayed_use.hpp"
#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_frequent.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/cache/s3_fifo.hpp"
#include "asterism/cache/static.hpp"
#include "asterism/core/random.hpp"
#include "asterism/lab/belady.hpp"
#include "asterism/lab/read_routing_trace.hpp"

#include "lab/routing_traces.hpp"

using namespace asterism;
using namespace asterism::lab;

namespace {

/// Writes down what it is told; bypasses all but member 0.
struct Recorder {
  std::vector<std::string> said{};

  Bytes capacity() const { return 1_B; }
  bool contains(PartId) const { return false; }
  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities) {
    std::string text = "observe " + std::to_string(group) + ":";
    for (const std::int32_t member : used) text += " " + std::to_string(member);
    for (const float p : probabilities) text += p < 0.15F ? " low" : p < 0.4F ? " middle" : " high";
    said.push_back(text);
  }
  void admit(View<const PartId> step, cache::Admission& admission) {
    std::string text = "admit";
    admission.clear();
    for (const PartId part : step) {
      text += " " + std::to_string(part.group) + "." + std::to_string(part.member);
      (part.member == 0 ? admission.hits : admission.bypassed).push_back(part);
    }
    said.push_back(text);
  }
  void pin(PartId) {}
  void unpin(PartId) {}
};

}  // namespace

TEST_CASE("layer by layer, a cache observes what was used and how probable it was, then admits it") {
  RoutingTrace trace(2, 3, 2);
  trace.append(
      {.label = "",
       .prompt_tokens = 1,
       .tokens = {5, 6},
       .choices = {{2, 0.6F}, {0, 0.3F}, {1, 0.5F}, {0, 0.25F}, {0, 0.9F}, {1, 0.0F}, {2, 0.2F}, {1, 0.2F}}});
  Recorder recorder;
  const ReplayCounts counts =
      replay(trace, recorder, [](PartId part) { return Bytes{part.group == 0 ? 10U : 3U}; });
  CHECK(recorder.said == std::vector<std::string>{"observe 0: 0 2 middle low high", "admit 0.0 0.2",
                                                  "observe 1: 0 1 middle high middle", "admit 1.0 1.1",
                                                  "observe 0: 0 1 high low low", "admit 0.0 0.1",
                                                  "observe 1: 1 2 high middle middle", "admit 1.1 1.2"});
  CHECK(counts ==
        ReplayCounts{.accesses = 8, .hits = 3, .fetches = 0, .bypassed = 5, .victims = 0, .bytes = 29_B});
  CHECK(counts.hit_rate() == doctest::Approx(0.375));
  CHECK(ReplayCounts{}.hit_rate() == 0);

  std::vector<bool> prompts;
  std::vector<std::size_t> tokens;
  for_each_group_use(trace, [&](const GroupUse& use) {
    CHECK(use.sequence == 0);
    prompts.push_back(use.prompt);
    tokens.push_back(use.token);
  });
  CHECK(prompts == std::vector<bool>{true, true, false, false});
  CHECK(tokens == std::vector<std::size_t>{0, 0, 1, 1});
}

TEST_CASE("with everything resident all accesses are hits; a cache goes on where it stands") {
  Random random(1);
  const RoutingSizes sizes{3, 6, 2};
  RoutingTrace trace(sizes);
  trace.append(test::random_sequence(sizes, 20, random));
  const auto one_byte = [](PartId) { return 1_B; };
  const cache::Parts parts(3, 6, 1_B);
  cache::All all(parts);
  CHECK(replay(trace, all, one_byte) == ReplayCounts{.accesses = 120, .hits = 120});
  cache::LeastRecent cache(parts, parts.total());
  const ReplayCounts first = replay(trace, cache, one_byte);
  CHECK(first.fetches > 10);
  CHECK(first.hits + first.fetches == 120);
  CHECK(first.bytes == Bytes{first.fetches});
  CHECK(replay(trace, cache, one_byte).hits == 120);
}

TEST_CASE("on the shipped trace Hazard comes near the optimum, and no policy above it") {
  const RoutingTrace trace = read_routing_trace("examples/small_mixtral/held_out_cards.trace");
  const cache::Parts parts(trace.sizes().layers, trace.sizes().experts, 1_MiB);
  std::vector<std::uint64_t> profile(parts.size());
  for_each_group_use(trace, [&](const GroupUse& use) {
    for (const PartId part : use.step) ++profile[parts.number(part)];
  });
  struct Goal {
    std::uint64_t slots;  // 20, 40 and 60 % of 32 parts
    double hazard;        // of the optimum's hits
    double least_recent;
  };
  for (const Goal goal : {Goal{6, .66, 0}, Goal{13, .78, .67}, Goal{19, .86, .83}}) {
    const ReplayCounts best = belady(trace, goal.slots);
    const Bytes capacity = 1_MiB * goal.slots;
    const auto share = [&](const std::string& name, auto policy) {
      INFO(goal.slots, " slots, ", name);
      const ReplayCounts counts = replay(trace, policy, [](PartId) { return 1_MiB; });
      CHECK(counts.accesses == best.accesses);
      CHECK(counts.hits + counts.fetches + counts.bypassed == counts.accesses);
      CHECK(counts.bytes == 1_MiB * (counts.fetches + counts.bypassed));
      CHECK(counts.fetches - counts.victims <= goal.slots);
      const double found = static_cast<double>(counts.hits) / static_cast<double>(best.hits);
      CHECK(found <= 1);
      return found;
    };
    const double hazard = share("Hazard", cache::Hazard(parts, capacity));
    CHECK(hazard >= goal.hazard);
    CHECK(share("LeastRecent", cache::LeastRecent(parts, capacity)) ==
          doctest::Approx(goal.least_recent).epsilon(0.01));
    for (const double other :
         {share("LeastFrequent", cache::LeastFrequent(parts, capacity, {.bypass = true})),
          share("DecayedUse", cache::DecayedUse(parts, capacity, {.bypass = true})),
          share("S3Fifo", cache::S3Fifo(parts, capacity)), share("Arc", cache::Arc(parts, capacity)),
          share("Static", cache::Static(parts, capacity, profile))}) {
      CHECK(hazard > other);
    }
  }
}
