// The trace file: JSON that tells of every event.
#include "asterism/lab/perfetto_trace.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/json/json.hpp"

#include "lab/timelines.hpp"

using namespace asterism;
using namespace asterism::lab;

TEST_CASE("every event is in the file, with times in microseconds, and names are escaped") {
  const std::vector<TimelineRun> runs = {test::forgetful_run("a \"quoted\" \\ Käse\n", "g", 1),
                                         test::forgetful_run("broken \xff", "g", 6)};
  const json::Value trace = json::parse(perfetto_trace(runs), "trace");
  const json::Value& events = trace.at("traceEvents");
  std::map<int, std::string> processes;
  std::map<int, std::vector<std::string>> tracks;
  std::vector<json::Value> complete;
  for (const json::Value& event : events) {
    const int process = event.at("pid").get<int>();
    if (event.at("ph") == "M") {
      const std::string name = event.at("args").at("name").get<std::string>();
      if (event.at("name") == "process_name") processes[process] = name;
      if (event.at("name") == "thread_name") tracks[process].push_back(name);
    } else {
      CHECK(event.at("ph") == "X");
      complete.push_back(event);
    }
  }
  CHECK(processes == std::map<int, std::string>{{1, "a \"quoted\" \\ Käse\n"}, {2, "broken \xef\xbf\xbd"}});
  CHECK(tracks[2] == std::vector<std::string>{"compute", "link: copies on demand", "link: copies ahead"});
  CHECK(complete.size() == runs[0].events.size() + runs[1].events.size());
  CHECK(complete[0] == json::parse(R"({"ph": "X", "name": "layer 0, expert 0", "cat": "demand", "pid": 1, "tid": 2,
    "ts": 0.0, "dur": 1000000.0, "args": {"token": 0, "layer": 0, "expert": 0, "found": "miss"}})",
                                   "one"));
  CHECK(complete[1].at("name") == "wait for layer 0, expert 0");
  CHECK(complete[1].at("tid") == 1);
  CHECK(complete[3] == json::parse(R"({"ph": "X", "name": "layer 0, rest", "cat": "rest", "pid": 1, "tid": 1,
    "ts": 3000000.0, "dur": 2000000.0, "args": {"token": 0, "layer": 0}})",
                                   "one"));
  CHECK(complete[4].at("args").at("copy") == "used");
  CHECK(complete[4].at("args").at("found") == "prefetched");
  CHECK(complete[7] == json::parse(R"({"ph": "X", "name": "layer 0, expert 1", "cat": "ahead", "pid": 1, "tid": 3,
    "ts": 5000000.0, "dur": 1000000.0,
    "args": {"token": 1, "layer": 0, "expert": 1, "found": "prefetched", "copy": "wasted"}})",
                                   "one"));
}

TEST_CASE("odd times: events of a track follow each other to the nanosecond") {
  Timeline timeline(1000);
  const RoutingTrace& trace = test::small_trace();
  const cache::Parts parts(trace.sizes().layers, trace.sizes().experts, 1_MiB);
  cache::LeastRecent cache(parts, 30_MiB);
  prefetch::Learned prefetcher({.groups = trace.sizes().layers, .members = trace.sizes().experts});
  TimelineRun run{.name = "odd", .group = ""};
  run.counts = timed_replay(
      trace, cache, prefetcher, [](PartId) { return 1_MiB; },
      {.layer_seconds = 1e-4 / 3, .copy_seconds = 1e-4 / 7, .expert_share = 0.7, .pieces = 3},
      {.rule = CopyRule::always}, timeline);
  run.events = timeline.events();
  const json::Value events = json::parse(perfetto_trace({&run, 1}), "trace").at("traceEvents");
  std::int64_t computed = 0;
  std::map<int, std::size_t> count;
  for (const json::Value& event : events) {
    if (event.at("ph") != "X") continue;
    const std::int64_t begin = std::llround(event.at("ts").get<double>() * 1000);
    const std::int64_t length = std::llround(event.at("dur").get<double>() * 1000);
    CHECK(length >= 0);
    ++count[event.at("tid").get<int>()];
    if (event.at("tid") != 1) continue;
    CHECK(begin == computed);
    computed = begin + length;
  }
  CHECK(computed == std::llround(run.counts.seconds * 1e9));
  CHECK(count[2] == run.counts.demanded());
  CHECK(count[3] == run.counts.copied);
  CHECK(json::parse(perfetto_trace({}), "none").at("traceEvents").empty());
}

TEST_CASE("spans of a run: passes on one track, copies side by side on others, evictions as instants") {
  using observe::SpanKind;
  const std::vector<observe::Span> spans = {
      {.kind = SpanKind::copy, .layer = 2, .expert = 1, .rows = 1, .begin = 1'100, .end = 1'400},
      {.kind = SpanKind::copy, .layer = 2, .expert = 3, .rows = 1, .begin = 1'200, .end = 1'500},
      {.kind = SpanKind::evict, .layer = 2, .expert = 5, .rows = 1, .begin = 1'150, .end = 1'150},
      {.kind = SpanKind::experts, .device = 1, .layer = 2, .rows = 1, .begin = 1'000, .end = 1'600},
      {.kind = SpanKind::copy, .layer = 2, .expert = 4, .rows = 1, .begin = 1'400, .end = 1'450},
      {.kind = SpanKind::pass, .rows = 1, .begin = 1'000, .end = 3'000'000}};
  const json::Value trace = json::parse(perfetto_trace(View<const observe::Span>(spans), "a \"run\""), "trace");
  std::vector<json::Value> events;
  std::map<int, std::string> tracks;
  for (const json::Value& event : trace.at("traceEvents")) {
    if (event.at("ph") != "M") events.push_back(event);
    if (event.at("name") == "thread_name") {
      tracks[event.at("tid").get<int>()] = event.at("args").at("name").get<std::string>();
    }
    if (event.at("name") == "process_name") CHECK(event.at("args").at("name") == "a \"run\"");
  }
  CHECK(tracks == std::map<int, std::string>{{1, "passes"}, {2, "copies 1"}, {3, "copies 2"}});
  REQUIRE(events.size() == spans.size());
  CHECK(events[0] == json::parse(R"({"ph": "X", "name": "pass", "cat": "pass", "pid": 1, "tid": 1, "ts": 0.0,
    "dur": 2999.0, "args": {"device": 0, "rows": 1}})",
                                 "one"));
  CHECK(events[1].at("name") == "experts 2");
  CHECK(events[1].at("args") == json::parse(R"({"device": 1, "rows": 1, "layer": 2})", "one"));
  CHECK(events[2].at("tid") == 2);
  CHECK(events[2].at("name") == "copy 2, expert 1");
  CHECK(events[3] == json::parse(R"({"ph": "i", "name": "evict 2, expert 5", "cat": "evict", "pid": 1, "tid": 1,
    "ts": 0.15, "s": "t", "args": {"device": 0, "rows": 1, "layer": 2, "expert": 5}})",
                                 "one"));
  CHECK(events[4].at("tid") == 3);
  CHECK(events[5].at("tid") == 2);  // the first is free again
  CHECK(json::parse(perfetto_trace(View<const observe::Span>(), "none"), "none").at("traceEvents").size() == 2);
}
