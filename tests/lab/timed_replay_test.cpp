// Replays in simulated time: what they count, and what prefetching is worth on traces.
#include "asterism/lab/timed_replay.hpp"

#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/all.hpp"
#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/core/random.hpp"
#include "asterism/lab/read_routing_trace.hpp"
#include "asterism/lab/synthetic_routes.hpp"
#include "asterism/prefetch/mixture.hpp"
#include "asterism/prefetch/none.hpp"
#include "asterism/prefetch/pre_gated.hpp"

using namespace asterism;
using namespace asterism::lab;

namespace {

/// Any members, with any probabilities: worth nothing.
class Worthless {
 public:
  explicit Worthless(const prefetch::Extent& extent) : shares_(static_cast<std::size_t>(extent.members)) {}
  void observe(const prefetch::Routing&) {
    for (float& share : shares_)
      share = static_cast<float>(random_.uniform()) / static_cast<float>(shares_.size());
  }
  std::size_t predict(std::int32_t group, View<prefetch::Prediction> out) {
    return prefetch::rank(group, shares_, out);
  }

 private:
  std::vector<float> shares_;
  Random random_{1};
};

/// Member 1 alone.
struct One {
  explicit One(const prefetch::Extent&) {}
  void observe(const prefetch::Routing&) {}
  std::size_t predict(std::int32_t group, View<prefetch::Prediction> out) {
    out[0] = {.part = {.group = group, .member = 1}, .probability = 1};
    return 1;
  }
};

struct Setting {
  double residency;
  StepTimes times;
  TimedOptions options{};
};

template <class Cache, class Prefetcher>
TimedCounts run(const RoutingTrace& trace, const Setting& setting) {
  const RoutingSizes& sizes = trace.sizes();
  const cache::Parts parts(sizes.layers, sizes.experts, 1_MiB);
  const auto slots = static_cast<std::uint64_t>(setting.residency * static_cast<double>(parts.size()));
  Cache cache(parts, 1_MiB * slots);
  Prefetcher prefetcher(prefetch::Extent{.groups = sizes.layers, .members = sizes.experts});
  return timed_replay(
      trace, cache, prefetcher, [](PartId) { return 1_MiB; }, setting.times, setting.options);
}

const RoutingTrace& shipped() {
  static const RoutingTrace trace = read_routing_trace("examples/small_mixtral/held_out_cards.trace");
  return trace;
}
const RoutingTrace& many_experts() {
  static const RoutingTrace trace = [] {
    SyntheticRoutes routes = synthetic::q;
    routes.guess_noise = 0.5;
    return synthetic_trace(routes, 300, 1);
  }();
  return trace;
}
const RoutingTrace& few_experts() {
  static const RoutingTrace trace = [] {
    SyntheticRoutes routes = synthetic::m;
    routes.guess_noise = 0.5;
    return synthetic_trace(routes, 400, 1);
  }();
  return trace;
}

}  // namespace

TEST_CASE("by hand: two layers, a cache of nothing, a copy of a quarter of a layer") {
  // Layer 0 uses member 0, layer 1 member 1, twice; the cache has no room, so that all is bypassed.
  RoutingTrace trace(2, 2, 1);
  trace.append({"", 0, {1, 2}, {{0, 1}, {1, 1}, {0, 1}, {1, 1}}});
  struct Nothing : cache::LeastRecent {
    Nothing(const cache::Parts& parts, Bytes) : LeastRecent(parts, 1_MiB) { pin({0, 0}); }
    void admit(View<const PartId> step, cache::Admission& admission) {
      admission.clear();
      admission.bypassed.assign(step.begin(), step.end());
    }
  };
  const StepTimes times{.layer_seconds = 4, .copy_seconds = 1, .expert_share = 0.5, .pieces = 1};
  const TimedCounts none = run<Nothing, prefetch::None>(trace, {0, times});
  CHECK(none.tokens == 2);
  CHECK(none.seconds == 4 * (1 + 4));  // each layer waits for its copy
  CHECK(none.resident_seconds == 16);
  CHECK(none.limit_seconds == 16);
  CHECK(none.missed == 4);
  CHECK(none.recall() == 0);
  CHECK(none.tokens_per_second() == doctest::Approx(2.0 / 20));
  CHECK(none.of_resident() == doctest::Approx(0.8));
  // The only step slot is taken by what is bypassed, so that a prediction is scored, but not copied.
  const TimedCounts one = run<Nothing, One>(trace, {0, times, {.rule = CopyRule::always}});
  CHECK(one.seconds == none.seconds);
  CHECK(one.copied == 0);
  CHECK(one.predicted == 2);  // member 1, in layer 1
  CHECK(one.predicted_in == std::vector<std::uint64_t>{0, 2});
  CHECK(one.missed_in == std::vector<std::uint64_t>{2, 2});
}

TEST_CASE("by hand: a prediction that arrives saves the wait, a wrong one in the way costs a piece") {
  RoutingTrace trace(2, 3, 1);
  trace.append({"", 0, {1, 2}, {{0, 1}, {1, 1}, {2, 1}, {1, 1}}});
  struct Forgets : cache::LeastRecent {  // fetches, and forgets at once
    Forgets(const cache::Parts& parts, Bytes) : LeastRecent(parts, 1_MiB) {}
    bool contains(PartId) const { return false; }
    void admit(View<const PartId> step, cache::Admission& admission) {
      admission.clear();
      admission.fetched.assign(step.begin(), step.end());
    }
  };
  Setting setting{
      0, {.layer_seconds = 4, .copy_seconds = 1, .expert_share = 0.5, .pieces = 1}, {.rule = CopyRule::always}};
  const TimedCounts short_copies = run<Forgets, One>(trace, setting);
  CHECK(short_copies.seconds == 5 + 4 + 5 + 4);  // layer 1 finds its part, layer 0 does not
  CHECK(short_copies.copied == 3);               // for layer 1, 0 and 1
  CHECK(short_copies.wasted == 1);
  CHECK(short_copies.cache.bytes == 5_MiB);
  setting.times.copy_seconds = 6;
  const TimedCounts long_copies = run<Forgets, One>(trace, setting);
  // 6 + 4; layer 1 lacks 2 of 6: 2 + 4; layer 0 waits for the rest of a wrong copy, 2, and its own: 8 + 4; 2 + 4.
  CHECK(long_copies.seconds == 10 + 6 + 12 + 6);
  setting.times.pieces = 3;  // of 2 seconds: the wrong one has just ended one
  CHECK(run<Forgets, One>(trace, setting).seconds == 10 + 6 + 10 + 6);
  setting.options.rule = CopyRule::veto;  // silent for 256 predictions
  CHECK(run<Forgets, One>(trace, setting).seconds == 4 * 10);
}

TEST_CASE("the cache is asked as by replay; with everything resident no time is lost") {
  const cache::Parts parts(4, 8, 1_MiB);
  cache::Hazard alone(parts, 13_MiB);
  const ReplayCounts expected = replay(shipped(), alone, [](PartId) { return 1_MiB; });
  const Setting setting{.residency = 13.0 / 32, .times = {.layer_seconds = 1, .copy_seconds = 1}};
  const TimedCounts found = run<cache::Hazard, prefetch::None>(shipped(), setting);
  CHECK(found.cache == expected);
  CHECK(found.missed == expected.fetches + expected.bypassed);
  TimedCounts adaptive = run<cache::Hazard, prefetch::Adaptive>(shipped(), setting);
  CHECK(adaptive.cache.bytes > expected.bytes);
  adaptive.cache.bytes = expected.bytes;
  CHECK(adaptive.cache == expected);
  cache::All all(parts);
  prefetch::None none;
  const TimedCounts resident = timed_replay(
      shipped(), all, none, [](PartId) { return 1_MiB; }, setting.times);
  CHECK(resident.of_resident() == doctest::Approx(1));
  CHECK(resident.of_limit() == doctest::Approx(1));
  CHECK(resident.cache.bytes == 0_B);
}

TEST_CASE("the rule of confidence copies nothing below .5") {
  Setting setting{.residency = 0.4,
                  .times = {.layer_seconds = 1, .copy_seconds = 0.5},
                  .options = {.rule = CopyRule::confidence}};
  CHECK(run<cache::Hazard, prefetch::Learned>(shipped(), setting).copied == 0);
  RoutingTrace sure(2, 8, 2);  // .7 * 1 / (1 + 0) + .3 * 1 / 2 is above, and int(2 * .85 * .7) is a copy
  for (int i = 0; i < 20; ++i) {
    sure.append({"", 0, {1, 2}, {{1, 1}, {2, 0}, {1, 1}, {3, 0}, {1, 1}, {4, 0}, {1, 1}, {5, 0}}});
  }
  setting.residency = 0.13;  // two of 16
  CHECK(run<cache::LeastRecent, One>(sure, setting).copied > 0);
}

TEST_CASE("a worthless predictor costs at most 1 % of the speed without one") {
  double least = 2;
  for (const RoutingTrace* trace : {&shipped(), &few_experts(), &many_experts()}) {
    for (const double copy : {0.5, 1.0, 2.0, 8.0}) {
      for (const int pieces : {1, 4}) {
        const Setting setting{.residency = 0.4,
                              .times = {.layer_seconds = 1, .copy_seconds = copy, .pieces = pieces}};
        const double hazard = run<cache::Hazard, Worthless>(*trace, setting).tokens_per_second() /
                              run<cache::Hazard, prefetch::None>(*trace, setting).tokens_per_second();
        const double recent = run<cache::LeastRecent, Worthless>(*trace, setting).tokens_per_second() /
                              run<cache::LeastRecent, prefetch::None>(*trace, setting).tokens_per_second();
        CAPTURE(copy);
        CAPTURE(pieces);
        CHECK(hazard >= 0.99);
        CHECK(recent >= 0.99);
        least = std::min({least, hazard, recent});
      }
    }
  }
  MESSAGE("the least: ", least);
  // Without the veto it does cost.
  Setting without{.residency = 0.4, .times = {.layer_seconds = 1, .copy_seconds = 2, .pieces = 1}};
  const double none = run<cache::Hazard, prefetch::None>(many_experts(), without).seconds;
  without.options.rule = CopyRule::always;
  CHECK(none / run<cache::Hazard, Worthless>(many_experts(), without).seconds < 0.95);
}

TEST_CASE("128 experts, 45 % resident, a copy of half a layer: .85 of the speed with everything resident") {
  const Setting setting{.residency = 0.45, .times = {.layer_seconds = 1, .copy_seconds = 0.5}};
  const double none = run<cache::Hazard, prefetch::None>(many_experts(), setting).of_resident();
  const double gate = run<cache::Hazard, prefetch::NextGate>(many_experts(), setting).of_resident();
  const double adaptive = run<cache::Hazard, prefetch::Adaptive>(many_experts(), setting).of_resident();
  MESSAGE("None ", none, ", NextGate ", gate, ", Adaptive ", adaptive);
  CHECK(none >= 0.85);
  CHECK(gate > none);
  CHECK(adaptive > none);
}

TEST_CASE(
    "half of the shipped trace's non-resident experts are predicted by Pattern in each layer, more by Learned") {
  const Setting setting{.residency = 0.4, .times = {.layer_seconds = 1, .copy_seconds = 0.5}};
  const TimedCounts none = run<cache::Hazard, prefetch::None>(shipped(), setting);
  const TimedCounts pattern = run<cache::Hazard, prefetch::Pattern>(shipped(), setting);
  const TimedCounts learned = run<cache::Hazard, prefetch::Learned>(shipped(), setting);
  const TimedCounts worthless = run<cache::Hazard, Worthless>(shipped(), setting);
  for (std::size_t layer = 0; layer < 4; ++layer) {
    const auto recall = [&](const TimedCounts& counts) {
      return static_cast<double>(counts.predicted_in[layer]) / static_cast<double>(counts.missed_in[layer]);
    };
    MESSAGE("layer ", layer, ": Pattern ", recall(pattern), ", Learned ", recall(learned), ", chance ",
            recall(worthless));
    CHECK(recall(pattern) >= 0.5);
    CHECK(recall(learned) > recall(pattern));
    CHECK(recall(worthless) < recall(pattern));
  }
  CHECK(pattern.of_resident() > none.of_resident());
  CHECK(learned.of_resident() > pattern.of_resident());
}
