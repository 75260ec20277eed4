// Bodies of perfetto_trace.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"
#include "asterism/lab/perfetto_trace.hpp"

namespace asterism::lab {

namespace detail {

/// Tracks of a process, from 1.
inline constexpr std::array<std::string_view, 3> track_names = {"compute", "link: copies on demand",
                                                                "link: copies ahead"};

inline std::size_t track_of(const TimelineEvent& event) {
  return event.activity == Activity::demand ? 2 : event.activity == Activity::ahead ? 3 : 1;
}

/// Microseconds with three digits. Ends are rounded, not lengths: what follows without a gap does so here too.
inline std::string microseconds(std::int64_t nanoseconds) {
  return concat(nanoseconds / 1000, ".", nanoseconds % 1000 / 100, nanoseconds % 100 / 10, nanoseconds % 10);
}

inline std::string quoted(std::string_view text) {
  return json::Value(text).dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

/// An event that names a process or a track.
inline std::string naming(std::string_view what, std::size_t process, std::size_t track, std::string_view name) {
  return concat(R"({"ph":"M","name":")", what, R"(","pid":)", process, R"(,"tid":)", track, R"(,"args":{"name":)",
                quoted(name), "}}");
}

/// The file: events one after the other.
class TraceFile {
 public:
  void name_process(std::size_t process, std::string_view name) { add(naming("process_name", process, 0, name)); }
  void name_track(std::size_t process, std::size_t track, std::string_view name) {
    add(naming("thread_name", process, track, name));
  }
  /// A stretch of time in nanoseconds; an instant where it has no length and `instant` is set. `arguments`: the members
  /// of a JSON object.
  void event(std::string_view name, std::string_view category, std::size_t process, std::size_t track,
             std::int64_t begin, std::int64_t end, std::string_view arguments, bool instant = false) {
    add(concat(R"({"ph":")", instant ? "i" : "X", R"(","name":)", quoted(name), R"(,"cat":")", category,
               R"(","pid":)", process, R"(,"tid":)", track, R"(,"ts":)", microseconds(begin),
               instant ? std::string(R"(,"s":"t")") : concat(R"(,"dur":)", microseconds(end - begin)),
               R"(,"args":{)", arguments, "}}"));
  }
  std::string finished() && { return std::move(text_) + "\n]}\n"; }

 private:
  void add(const std::string& event) {
    text_.append(before_).append(event);
    before_ = ",\n";
  }

  std::string text_ = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  std::string_view before_ = "\n";
};

inline void add_event(TraceFile& file, const TimelineEvent& event, std::size_t process) {
  const bool is_rest = event.activity == Activity::rest;
  constexpr std::array<std::string_view, 5> categories = {"expert", "rest", "wait", "demand", "ahead"};
  std::string arguments = concat(R"("token":)", event.token, R"(,"layer":)", event.part.group);
  if (!is_rest) {
    arguments += concat(R"(,"expert":)", event.part.member, R"(,"found":")", name_of(event.found), "\"");
  }
  if (event.activity == Activity::ahead) arguments += concat(R"(,"copy":")", event.used ? "used" : "wasted", "\"");
  file.event(concat(event.activity == Activity::wait ? "wait for " : "", "layer ", event.part.group,
                    is_rest ? ", rest" : concat(", expert ", event.part.member)),
             categories[static_cast<std::size_t>(event.activity)], process, track_of(event),
             std::llround(event.begin * 1e9), std::llround(event.end * 1e9), arguments);
}

inline void add_span(TraceFile& file, const observe::Span& span, std::size_t track, std::int64_t origin) {
  std::string name(observe::name_of(span.kind));
  std::string arguments = concat(R"("device":)", span.device, R"(,"rows":)", span.rows);
  if (span.layer >= 0) {
    name += concat(" ", span.layer);
    arguments += concat(R"(,"layer":)", span.layer);
  }
  if (span.expert >= 0) {
    name += concat(", expert ", span.expert);
    arguments += concat(R"(,"expert":)", span.expert);
  }
  file.event(name, observe::name_of(span.kind), 1, track, span.begin - origin, span.end - origin, arguments,
             span.kind == observe::SpanKind::evict);
}

}  // namespace detail

ASTERISM_INLINE std::string perfetto_trace(std::span<const TimelineRun> runs) {
  detail::TraceFile file;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    file.name_process(run + 1, runs[run].name);
    for (std::size_t track = 0; track < detail::track_names.size(); ++track) {
      file.name_track(run + 1, track + 1, detail::track_names[track]);
    }
    for (const TimelineEvent& event : runs[run].events) detail::add_event(file, event, run + 1);
  }
  return std::move(file).finished();
}

ASTERISM_INLINE std::string perfetto_trace(View<const observe::Span> spans, std::string_view name) {
  std::vector<observe::Span> by_begin(spans.begin(), spans.end());
  // What contains others stands before them.
  std::ranges::stable_sort(by_begin, [](const observe::Span& a, const observe::Span& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  detail::TraceFile file;
  file.name_process(1, name);
  file.name_track(1, 1, "passes");
  std::vector<std::int64_t> lanes;  // of copies: until when each is taken
  for (const observe::Span& span : by_begin) {
    const std::int64_t origin = by_begin.front().begin;
    if (span.kind != observe::SpanKind::copy) {
      detail::add_span(file, span, 1, origin);
      continue;
    }
    std::size_t lane = 0;
    while (lane < lanes.size() && lanes[lane] > span.begin) ++lane;
    if (lane == lanes.size()) {
      lanes.push_back(0);
      file.name_track(1, lane + 2, concat("copies ", lane + 1));
    }
    lanes[lane] = span.end;
    detail::add_span(file, span, lane + 2, origin);
  }
  return std::move(file).finished();
}

}  // namespace asterism::lab
