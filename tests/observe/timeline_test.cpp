// Spans of a run in a ring.
#include "asterism/observe/timeline.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using observe::Laps;
using observe::Span;
using observe::SpanKind;
using observe::Timeline;

namespace {

std::int64_t ticks = 0;
/// A clock that goes on by ten with each look.
std::int64_t tick() { return ticks += 10; }

}  // namespace

TEST_CASE("the ring keeps the last spans, oldest first") {
  Timeline timeline(3);
  for (std::int64_t i = 0; i < 5; ++i) timeline.record({.begin = i, .end = i + 1});
  const std::vector<Span> kept = timeline.spans();
  REQUIRE(kept.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(kept[i].begin == static_cast<std::int64_t>(i) + 2);
  CHECK(timeline.recorded() == 5);
  CHECK(timeline.spans(5).size() == 1);
  CHECK(timeline.spans(4).size() == 2);
  CHECK(timeline.spans(6).empty());
  CHECK(Timeline(8).spans().empty());
}

TEST_CASE("the last spans are the same wherever the ring begins") {
  for (std::size_t capacity = 1; capacity <= 5; ++capacity) {
    Timeline timeline(capacity);
    for (std::int64_t recorded = 1; recorded <= 11; ++recorded) {
      timeline.record({.begin = recorded - 1, .end = recorded});
      for (std::int64_t since = 0; since <= recorded + 1; ++since) {
        const std::int64_t kept = std::min(recorded, static_cast<std::int64_t>(capacity));
        const std::int64_t first = std::max(since, recorded - kept + 1);
        const std::vector<Span> spans = timeline.spans(since);
        REQUIRE(static_cast<std::int64_t>(spans.size()) == std::max<std::int64_t>(recorded - first + 1, 0));
        for (std::size_t i = 0; i < spans.size(); ++i) CHECK(spans[i].end == first + static_cast<std::int64_t>(i));
      }
    }
  }
}

TEST_CASE("laps follow each other without a gap, and the pass contains them") {
  ticks = 0;
  Timeline timeline(10, tick);
  {
    Laps laps(&timeline, 7);  // 10
    laps.place(1, 4);
    laps.lap(SpanKind::attention);  // 20
    laps.record(SpanKind::wait, 22, 28, 3);
    laps.lap(SpanKind::experts);  // 30
    CHECK(laps.timeline() == &timeline);
  }
  const std::vector<Span> spans = timeline.spans();
  REQUIRE(spans.size() == 4);
  CHECK(spans[0] == Span{.kind = SpanKind::attention, .device = 1, .layer = 4, .rows = 7, .begin = 10, .end = 20});
  CHECK(spans[1] ==
        Span{.kind = SpanKind::wait, .device = 1, .layer = 4, .expert = 3, .rows = 7, .begin = 22, .end = 28});
  CHECK(spans[2] == Span{.kind = SpanKind::experts, .device = 1, .layer = 4, .rows = 7, .begin = 20, .end = 30});
  CHECK(spans[3] == Span{.kind = SpanKind::pass, .rows = 7, .begin = 10, .end = 40});
}

TEST_CASE("nobody listens: nothing is asked") {
  Laps laps(nullptr, 1);
  laps.place(0, 0);
  laps.lap(SpanKind::experts);
  CHECK(laps.timeline() == nullptr);
}

TEST_CASE("the steady clock goes on") {
  const std::int64_t before = Timeline::steady_nanoseconds();
  CHECK(Timeline::steady_nanoseconds() >= before);
  CHECK(observe::name_of(SpanKind::evict) == "evict");
  CHECK(observe::name_of(SpanKind::hand_over) == "hand-over");
}
