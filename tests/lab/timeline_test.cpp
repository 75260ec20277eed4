// Timelines: what happened when, by hand and against what the replay counts.
#include "asterism/lab/timeline.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/timed_replay.hpp"
#include "asterism/prefetch/mixture.hpp"

#include "lab/timelines.hpp"

using namespace asterism;
using namespace asterism::lab;

namespace {

/// One line an event: what, of which token, layer and expert, from when to when.
std::vector<std::string> lines_of(const Timeline& timeline) {
  std::vector<std::string> lines;
  for (const TimelineEvent& event : timeline.events()) {
    const std::string what[] = {"expert", "rest", "wait", "demand", "ahead"};
    const std::string found[] = {"resident", "ahead", "missing"};
    lines.push_back(concat(what[static_cast<std::size_t>(event.activity)], " ", event.token, ".", event.part.group,
                           ".", event.part.member, " ", found[static_cast<std::size_t>(event.found)],
                           event.used ? "" : " wasted", " ", event.begin, " to ", event.end));
  }
  return lines;
}

}  // namespace

TEST_CASE("by hand: a prediction arrives, another is wasted") {
  Timeline timeline(2);
  const TimedCounts counts = test::forgetful_replay(1, timeline);
  CHECK(counts.seconds == 18);
  CHECK(counts.demanded() == 2);
  CHECK(counts.waiting() == doctest::Approx(2.0 / 18));
  CHECK(lines_of(timeline) ==
        std::vector<std::string>{
            "demand 0.0.0 missing 0 to 1", "wait 0.0.0 missing 0 to 1", "expert 0.0.0 missing 1 to 3",
            "rest 0.0.-1 resident 3 to 5", "ahead 0.1.1 ahead 1 to 2", "expert 0.1.1 ahead 5 to 7",
            "rest 0.1.-1 resident 7 to 9", "ahead 1.0.1 ahead wasted 5 to 6", "demand 1.0.2 missing 9 to 10",
            "wait 1.0.2 missing 9 to 10", "expert 1.0.2 missing 10 to 12", "rest 1.0.-1 resident 12 to 14",
            "ahead 1.1.1 ahead 10 to 11", "expert 1.1.1 ahead 14 to 16", "rest 1.1.-1 resident 16 to 18"});
}

TEST_CASE("by hand: a copy ahead that is late goes on, a wrong one is in the way until its piece ends") {
  Timeline timeline(1);  // the second token alone
  test::forgetful_replay(6, timeline);
  CHECK(lines_of(timeline) ==
        std::vector<std::string>{
            "ahead 1.0.1 ahead wasted 12 to 18", "demand 1.0.2 missing 18 to 24", "wait 1.0.2 missing 16 to 24",
            "expert 1.0.2 missing 24 to 26", "rest 1.0.-1 resident 26 to 28", "ahead 1.1.1 ahead 24 to 30",
            "wait 1.1.1 ahead 28 to 30", "expert 1.1.1 ahead 30 to 32", "rest 1.1.-1 resident 32 to 34"});
  Timeline none(0);
  test::forgetful_replay(6, none);
  CHECK(none.events().empty());
}

TEST_CASE("whatever the cache, the times and the rule: no gap, no overlap, and the events are what is counted") {
  const RoutingTrace& trace = test::small_trace();
  for (const double copy : {0.1, 0.7, 2.5}) {
    for (const int pieces : {1, 4}) {
      for (const CopyRule rule : {CopyRule::veto, CopyRule::always}) {
        for (const double share : {0.0, 0.75, 1.0}) {
          CAPTURE(copy);
          CAPTURE(share);
          const StepTimes times{.layer_seconds = 1, .copy_seconds = copy, .expert_share = share, .pieces = pieces};
          const auto replayed = [&](auto&&... record) {
            const cache::Parts parts(trace.sizes().layers, trace.sizes().experts, 1_MiB);
            cache::Hazard cache(parts, 40_MiB);
            prefetch::Learned prefetcher({.groups = trace.sizes().layers, .members = trace.sizes().experts});
            return timed_replay(
                trace, cache, prefetcher, [](PartId) { return 1_MiB; }, times, {.rule = rule}, record...);
          };
          Timeline timeline(1'000'000);
          const TimedCounts counts = replayed(timeline);
          const TimedCounts unrecorded = replayed();
          CHECK(counts.seconds == unrecorded.seconds);
          CHECK(counts.cache == unrecorded.cache);
          CHECK(counts.wasted == unrecorded.wasted);
          double now = 0;
          double waited = 0;
          std::vector<TimelineEvent> link;
          std::size_t seen[3] = {};
          std::size_t demanded = 0;
          std::size_t wasted = 0;
          for (const TimelineEvent& event : timeline.events()) {
            REQUIRE(event.end >= event.begin);
            if (event.activity == Activity::demand || event.activity == Activity::ahead) {
              link.push_back(event);
              demanded += event.activity == Activity::demand ? 1 : 0;
              wasted += event.used ? 0 : 1;
              continue;
            }
            REQUIRE(event.begin == doctest::Approx(now));
            now = event.end;
            if (event.activity == Activity::wait) waited += event.end - event.begin;
            if (event.activity == Activity::expert) ++seen[static_cast<std::size_t>(event.found)];
          }
          CHECK(now == doctest::Approx(counts.seconds));
          CHECK(waited == doctest::Approx(counts.waiting() * counts.seconds));
          CHECK(seen[0] == counts.cache.hits);
          CHECK(seen[1] + seen[2] == counts.missed);
          CHECK(seen[1] == counts.copied - counts.wasted);
          CHECK(demanded == counts.demanded());
          CHECK(wasted == counts.wasted);
          CHECK(link.size() == demanded + counts.copied);
          std::ranges::sort(link, {}, &TimelineEvent::begin);
          for (std::size_t i = 1; i < link.size(); ++i) REQUIRE(link[i].begin >= link[i - 1].end - 1e-9);
        }
      }
    }
  }
}
