// The events of a timeline by token and layer, and one row of the page's lanes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/lab/timeline.hpp"

namespace asterism::lab::detail {

/// When a layer of a token ran, and what it found.
struct LayerTime {
  std::int32_t layer = 0;
  double begin = 0;
  double end = 0;
  double waited = 0;
  std::array<std::size_t, 3> found{};  ///< experts by Found
};

struct TokenTime {
  std::uint64_t token = 0;
  std::vector<LayerTime> layers{};
  std::vector<TimelineEvent> events{};  ///< what computes and waits

  double seconds() const { return layers.empty() ? 0 : layers.back().end - layers.front().begin; }
  double waited() const {
    double sum = 0;
    for (const LayerTime& layer : layers) sum += layer.waited;
    return sum;
  }
};

inline bool is_copy(const TimelineEvent& event) {
  return event.activity == Activity::demand || event.activity == Activity::ahead;
}

inline std::vector<TokenTime> token_times(const std::deque<TimelineEvent>& events) {
  std::vector<TokenTime> tokens;
  for (const TimelineEvent& event : events) {
    if (is_copy(event)) continue;
    if (tokens.empty() || tokens.back().token != event.token) tokens.push_back({.token = event.token});
    TokenTime& token = tokens.back();
    if (token.layers.empty() || token.layers.back().layer != event.part.group) {
      token.layers.push_back({.layer = event.part.group, .begin = event.begin});
    }
    LayerTime& layer = token.layers.back();
    layer.end = event.end;
    if (event.activity == Activity::wait) layer.waited += event.end - event.begin;
    if (event.activity == Activity::expert) ++layer.found[static_cast<std::size_t>(event.found)];
    token.events.push_back(event);
  }
  return tokens;
}

/// The copies in the order of time; none overlap.
inline std::vector<TimelineEvent> copies_of(const std::deque<TimelineEvent>& events) {
  std::vector<TimelineEvent> copies;
  std::ranges::copy_if(events, std::back_inserter(copies), is_copy);
  std::ranges::sort(copies, {}, &TimelineEvent::begin);
  return copies;
}

/// A token's layers in rows of equal length, of at most 16.
inline std::vector<std::span<const LayerTime>> rows_of(const TokenTime& token) {
  constexpr std::size_t most = 16;
  const std::size_t count = token.layers.size();
  const std::size_t rows = (count + most - 1) / most;
  std::vector<std::span<const LayerTime>> out;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t first = row * count / rows;
    out.emplace_back(token.layers.data() + first, (row + 1) * count / rows - first);
  }
  return out;
}

/// Three digits and a unit.
inline std::string duration(double seconds) {
  const double unit = seconds < 1e-3 ? 1e-6 : seconds < 1 ? 1e-3 : 1;
  const double value = seconds / unit;
  return concat(fixed(value, value < 10 ? 2 : value < 100 ? 1 : 0), unit < 1e-3 ? " us" : unit < 1 ? " ms" : " s");
}

/// The style class of what is drawn.
inline std::size_t shade_of(const TimelineEvent& event) {
  switch (event.activity) {
    case Activity::expert:
      return static_cast<std::size_t>(event.found);
    case Activity::rest:
      return 3;
    case Activity::wait:
      return 4;
    case Activity::demand:
      return 5;
    case Activity::ahead:
      return event.used ? 6 : 7;
  }
  return 0;
}
inline constexpr std::size_t shades = 8;

/// Lanes of some layers of a token, `full` seconds wide; of `copies`, sorted, those that fall into their time.
inline std::string lanes(const TokenTime& token, std::span<const LayerTime> layers,
                         std::span<const TimelineEvent> copies, double full) {
  constexpr double left = 66;
  constexpr double width = 1000;
  struct Lane {
    double top;
    double height;
    std::string_view name;
  };
  constexpr std::array<Lane, 3> all = {{{15, 14, "compute"}, {31, 10, "wait"}, {43, 14, "link"}}};
  const double begin = layers.front().begin;
  const double end = layers.back().end;
  const auto x_of = [&](double time) { return left + width * (std::clamp(time, begin, end) - begin) / full; };
  const auto number = [](double value) { return fixed(value, 1); };

  std::array<std::string, shades> paths;
  const auto add = [&](const TimelineEvent& event) {
    const Lane& lane = all[is_copy(event) ? 2 : event.activity == Activity::wait ? 1 : 0];
    const double from = x_of(event.begin);
    const std::string length = number(x_of(event.end) - from);
    if (length == "0.0") return;
    paths[shade_of(event)] +=
        concat("M", number(from), " ", lane.top, "h", length, "v", lane.height, "h-", length, "z");
  };
  for (const TimelineEvent& event : token.events) {
    if (event.part.group >= layers.front().layer && event.part.group <= layers.back().layer) add(event);
  }
  auto copy = std::ranges::upper_bound(copies, begin, {}, &TimelineEvent::end);
  for (; copy != copies.end() && copy->begin < end; ++copy) add(*copy);

  std::string svg = "<svg viewBox=\"0 0 1070 60\" role=\"img\">";
  for (const Lane& lane : all) {
    svg +=
        concat("<text class=\"label\" x=\"60\" y=\"", lane.top + lane.height / 2 + 4, "\">", lane.name, "</text>");
  }
  for (std::size_t shade = 0; shade < shades; ++shade) {
    if (!paths[shade].empty()) svg += concat("<path class=\"s", shade, "\" d=\"", paths[shade], "\"/>");
  }
  for (const LayerTime& layer : layers) {
    const double x = x_of(layer.begin);
    const double room = x_of(layer.end) - x;
    svg += concat("<path class=\"edge\" d=\"M", number(x), " 3v55\"/>");
    const auto fits = [&](const std::string& name) { return room > 7 * static_cast<double>(name.size()); };
    const std::string name = concat(layer.layer);
    const std::string long_name = concat("layer ", layer.layer);
    if (fits(name)) {
      svg += concat("<text x=\"", number(x + 3), "\" y=\"12\">",
                    &layer == layers.data() && fits(long_name) ? long_name : name, "</text>");
    }
    svg += concat("<rect class=\"over\" x=\"", number(x), "\" y=\"3\" width=\"", number(room),
                  "\" height=\"55\"><title>layer ", layer.layer, ": ", layer.found[0], " hit, ", layer.found[1],
                  " prefetched, ", layer.found[2], " missed; ", duration(layer.end - layer.begin), ", waited ",
                  duration(layer.waited), "</title></rect>");
  }
  return svg + "</svg>\n";
}

}  // namespace asterism::lab::detail
