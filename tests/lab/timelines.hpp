// Help for the tests of timelines: replays whose times are known.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "asterism/cache/least_recent.hpp"
#include "asterism/lab/synthetic_routes.hpp"
#include "asterism/lab/timed_replay.hpp"
#include "asterism/lab/timeline_run.hpp"
#include "asterism/prefetch/mixture.hpp"

namespace asterism::test {

/// Fetches, and forgets at once.
struct Forgetful : cache::LeastRecent {
  explicit Forgetful(const cache::Parts& parts) : LeastRecent(parts, 1_MiB) {}
  bool contains(PartId /*part*/) const { return false; }
  void admit(View<const PartId> step, cache::Admission& admission) {
    admission.clear();
    admission.fetched.assign(step.begin(), step.end());
  }
};

/// Member 1 alone.
struct AlwaysOne {
  void observe(const prefetch::Routing& /*routing*/) {}
  std::size_t predict(std::int32_t group, View<prefetch::Prediction> out) {
    out[0] = {.part = {.group = group, .member = 1}, .probability = 1};
    return 1;
  }
};

/// Two tokens in two layers of three experts: 0 and 1, then 2 and 1. Layers of 4 seconds, half of it the expert; all
/// is missing, member 1 is copied ahead.
inline lab::TimedCounts forgetful_replay(double copy_seconds, lab::Timeline& timeline) {
  lab::RoutingTrace trace(2, 3, 1);
  trace.append({"", 0, {1, 2}, {{0, 1}, {1, 1}, {2, 1}, {1, 1}}});
  Forgetful cache(cache::Parts(2, 3, 1_MiB));
  AlwaysOne prefetcher;
  return lab::timed_replay(
      trace, cache, prefetcher, [](PartId) { return 1_MiB; },
      {.layer_seconds = 4, .copy_seconds = copy_seconds, .expert_share = 0.5, .pieces = 1},
      {.rule = lab::CopyRule::always}, timeline);
}

inline lab::TimelineRun forgetful_run(std::string name, std::string group, double copy_seconds) {
  lab::Timeline timeline(2);
  const lab::TimedCounts counts = forgetful_replay(copy_seconds, timeline);
  return {.name = std::move(name), .group = std::move(group), .counts = counts, .events = timeline.events()};
}

/// 5 layers of 16 experts, 4 a token.
inline const lab::RoutingTrace& small_trace() {
  static const lab::RoutingTrace trace = [] {
    lab::SyntheticRoutes routes = lab::synthetic::q;
    routes.sizes = {.layers = 5, .experts = 16, .top_k = 4};
    return lab::synthetic_trace(routes, 200, 1);
  }();
  return trace;
}

}  // namespace asterism::test
