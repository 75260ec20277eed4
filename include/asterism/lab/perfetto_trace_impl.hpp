// Bodies of perfetto_trace.hpp.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

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

inline std::string trace_event(const TimelineEvent& event, std::size_t process) {
  const std::int64_t begin = std::llround(event.begin * 1e9);
  const std::int64_t end = std::llround(event.end * 1e9);
  const bool is_rest = event.activity == Activity::rest;
  constexpr std::array<std::string_view, 5> categories = {"expert", "rest", "wait", "demand", "ahead"};
  const std::string_view category = categories[static_cast<std::size_t>(event.activity)];
  std::string text = concat(R"({"ph":"X","name":")", event.activity == Activity::wait ? "wait for " : "", "layer ",
                            event.part.group, is_rest ? ", rest" : concat(", expert ", event.part.member),
                            R"(","cat":")", category, R"(","pid":)", process, R"(,"tid":)", track_of(event),
                            R"(,"ts":)", microseconds(begin), R"(,"dur":)", microseconds(end - begin),
                            R"(,"args":{"token":)", event.token, R"(,"layer":)", event.part.group);
  if (!is_rest) text += concat(R"(,"expert":)", event.part.member, R"(,"found":")", name_of(event.found), "\"");
  if (event.activity == Activity::ahead) text += concat(R"(,"copy":")", event.used ? "used" : "wasted", "\"");
  return text + "}}";
}

}  // namespace detail

ASTERISM_INLINE std::string perfetto_trace(std::span<const TimelineRun> runs) {
  std::string text = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  std::string_view before = "\n";
  const auto add = [&](const std::string& event) {
    text.append(before).append(event);
    before = ",\n";
  };
  for (std::size_t run = 0; run < runs.size(); ++run) {
    add(detail::naming("process_name", run + 1, 0, runs[run].name));
    for (std::size_t track = 0; track < detail::track_names.size(); ++track) {
      add(detail::naming("thread_name", run + 1, track + 1, detail::track_names[track]));
    }
    for (const TimelineEvent& event : runs[run].events) add(detail::trace_event(event, run + 1));
  }
  return text + "\n]}\n";
}

}  // namespace asterism::lab
