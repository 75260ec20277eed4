// Bodies of run_report.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/bar_chart.hpp"
#include "asterism/lab/html_page.hpp"
#include "asterism/lab/line_chart.hpp"
#include "asterism/lab/run_report.hpp"
#include "asterism/lab/usage_chart.hpp"
#include "asterism/observe/balance.hpp"

namespace asterism::lab {

namespace detail {

inline constexpr std::size_t most_run_points = 600;
inline constexpr std::size_t most_answer_bars = 32;

inline constexpr std::string_view run_style =
    ":root{color-scheme:light dark}svg{overflow:visible}.charts svg{max-width:540px}.wide svg{min-width:640px}"
    ".p3{fill:#3b9c8f}.p4{fill:#5d6f85}.p5{fill:#c3ccd6}.key .p3{background:#3b9c8f}"
    ".key .p4{background:#5d6f85}.key .p5{background:#c3ccd6}.key .c3{background:#d04a4a}"
    ".key .c0{background:#2f6db3}.key span:first-child{margin-left:0}"
    "@media(prefers-color-scheme:dark){body{color:#dde4ec;background:#14181e}p,th,small{color:#a7b3c0}"
    "th,td{border-color:#333d48}svg text,svg .on_dark{fill:#dde4ec}svg .grid{stroke:#333d48}"
    ".p4{fill:#93a4b8}.p5{fill:#4a5765}.key .p4{background:#93a4b8}.key .p5{background:#4a5765}"
    ".c0{stroke:#8fb8e3}.key .c0{background:#8fb8e3}}";

inline constexpr std::string_view memory_key =
    "<span class=\"key\"><span class=\"p0\"></span>weights<span class=\"p1\"></span>keys, values and states"
    "<span class=\"p2\"></span>workspace<span class=\"p3\"></span>slots of experts"
    "<span class=\"p4\"></span>measured, all together<span class=\"p5\"></span>limit</span>";

/// A bar of one piece in the colour of what was measured, or of a limit.
inline std::vector<double> measured_piece(double value) { return {0, 0, 0, 0, value}; }
inline std::vector<double> limit_piece(double value) { return {0, 0, 0, 0, 0, value}; }

inline double size_of(Bytes bytes) { return static_cast<double>(bytes.count); }

/// "81.2 % of the budget".
inline std::string share_text(Bytes part, Bytes whole, std::string_view of) {
  if (whole == Bytes{0}) return to_string(part);
  return concat(to_string(part), ", ", fixed(100 * size_of(part) / size_of(whole), 1), " % of ", of);
}

inline std::string memory_charts(const RunReport& report) {
  std::string html = "<div class=\"charts\">\n";
  const placement::Plan& plan = report.plan;
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    const DeviceBytes parts = device_bytes(plan)[d];
    const Bytes slots = plan.bytes(d, placement::PartKind::expert_slots);
    const generate::ArenaUse& use = report.arenas[d];
    const std::vector<Bar> bars = {
        {.label = "budget", .pieces = limit_piece(size_of(plan.budget(d))), .text = to_string(plan.budget(d))},
        {.label = "planned",
         .pieces = {size_of(parts.weights), size_of(parts.kv_cache), size_of(parts.workspace), size_of(slots)},
         .text = share_text(plan.peak(d), plan.budget(d), "it")},
        {.label = "high water",
         .pieces = measured_piece(size_of(use.high_water)),
         .text = share_text(use.high_water, plan.peak(d), "the plan")},
        {.label = "at the end", .pieces = measured_piece(size_of(use.used)), .text = to_string(use.used)}};
    const std::int32_t first = plan.cuts[d];
    const std::int32_t end = plan.cuts[d + 1];
    html += chart(concat("Device ", d, plan.machine.is_host(d) ? ", host memory" : ""),
                  end > first ? concat("Layers ", first, " to ", end - 1, ".") : std::string("No layers."), bars);
  }
  html += "</div>\n";
  if (report.handed_over > Bytes{0}) {
    html +=
        concat("<p>", to_string(report.handed_over), " of hidden states went from one device to another.</p>\n");
  }
  return html;
}

/// Of the model's layers that have experts the first `rows`; empty where the plan has fewer.
inline std::vector<std::int32_t> sparse_numbers(const placement::Plan& plan, std::int32_t rows) {
  const placement::MemoryFootprint& footprint = plan.footprint;
  LayerSet sparse = footprint.slotted.layers;
  for (std::size_t i = 0; i < footprint.run_count; ++i) {
    if (footprint.runs[i].kind == placement::PartKind::experts) sparse = sparse | footprint.runs[i].layers;
  }
  std::vector<std::int32_t> out;
  if (sparse.size() < rows) return out;
  for (std::int32_t layer = 0; out.size() < static_cast<std::size_t>(rows); ++layer) {
    if (sparse.contains(layer)) out.push_back(layer);
  }
  return out;
}

/// `numbers`: see usage_chart.
inline std::string usage_table(const ExpertUsage& usage, View<const std::int32_t> numbers) {
  std::vector<std::string> cells = {"layer", "choices", "most, %", "least, %", "MaxVio", "by chance", "unused"};
  std::string html = "<div class=\"wide\"><table><thead>" + table_row("th", cells) + "</thead>\n";
  for (std::int32_t layer = 0; layer < usage.layers(); ++layer) {
    std::vector<std::uint64_t> load;
    double all = 0;
    double most = 0;
    double least = 1;
    for (std::int32_t expert = 0; expert < usage.experts(); ++expert) {
      load.push_back(usage.chosen(layer, expert));
      all += static_cast<double>(load.back());
      most = std::max(most, usage.share(layer, expert));
      least = std::min(least, usage.share(layer, expert));
    }
    cells = {concat(numbers.empty() ? layer : numbers[static_cast<std::size_t>(layer)]),
             fixed(all, 0),
             fixed(100 * most, 1),
             fixed(100 * least, 1),
             fixed(observe::violation_of(View<const std::uint64_t>(load)), 3),
             fixed(observe::violation_by_chance(all, load.size()), 3),
             concat(std::ranges::count(load, std::uint64_t{0}))};
    html += table_row("td", cells);
  }
  return html + "</table></div>\n";
}

inline std::string usage_section(const ExpertUsage& usage, const placement::Plan& plan) {
  if (usage.experts() == 0 || usage.layers() == 0) return "";
  const std::vector<std::int32_t> numbers = sparse_numbers(plan, usage.layers());
  const View<const std::int32_t> layers(numbers);
  return concat(
      "<h2>Use of experts</h2>\n<p>Share of the choices in a layer, in %, over all tokens that were "
      "computed; where a router treats all alike each has ",
      fixed(100.0 / usage.experts(), 2), " %. Layers are those with experts, by their numbers in the model.</p>\n",
      usage_chart(usage, layers),
      "<p>MaxVio is the largest load of a layer's experts as a multiple of the mean, less 1; by chance a "
      "router that treats all alike has about the one beside it.</p>\n",
      usage_table(usage, layers));
}

/// A decoded token: a pass of one.
struct DecodedToken {
  double seconds = 0;
  double missed = 0;  ///< experts of it that were in no slot: copied when they were asked for, or ahead of that
};

/// Passes of one row of which logits were used: those that were broken off have no such span, nor have pieces of a
/// prompt before its last. Of the first pass that is kept the beginning may be missing, where there were more spans.
inline std::vector<DecodedToken> decoded_tokens(const RunReport& report) {
  std::vector<DecodedToken> out;
  DecodedToken token;
  bool is_whole = report.recorded <= report.spans.size();
  bool is_used = false;
  for (const observe::Span& span : report.spans) {
    if (span.kind == observe::SpanKind::wait) ++token.missed;
    if (span.kind == observe::SpanKind::sample) is_used = true;
    if (span.kind != observe::SpanKind::pass) continue;
    token.seconds = static_cast<double>(span.end - span.begin) / 1e9;
    if (span.rows == 1 && is_used && is_whole) out.push_back(token);
    token = {};
    is_used = false;
    is_whole = true;
  }
  return out;
}

/// What decoded tokens are, and how many of a long run are there.
inline std::string token_note(const RunReport& report) {
  return concat("<p>Decoded tokens are passes of one token; the end of a prompt is among them where it is one.",
                report.recorded > report.spans.size()
                    ? concat(" These are those of the last ", report.spans.size(), " of ", report.recorded,
                             " spans of the run: what was before is not here.")
                    : std::string(),
                "</p>\n");
}

/// Something of each decoded token, with a level line at `limit` unless that is 0: shown(value), where value may be
/// the mean of some neighbours.
template <class Value, class Shown>
std::string token_chart(const std::vector<DecodedToken>& tokens, std::string_view name, double limit,
                        Value&& value, Shown&& shown) {
  ChartLine line{.name = std::string(name)};
  for (std::size_t i = 0; i < tokens.size(); ++i)
    line.points.push_back({static_cast<double>(i), value(tokens[i])});
  std::vector<ChartLine> lines;
  if (limit > 0) {
    const double last = static_cast<double>(tokens.size() - 1);
    lines.push_back({.name = "limit", .points = {{0, limit}, {last, limit}}, .colour = 3});
  }
  line.points = thinned(line.points, most_run_points);
  for (ChartPoint& point : line.points) point.y = shown(point.y);
  lines.push_back(line);
  return concat("<p class=\"key\"><span class=\"c0\"></span>", escaped(name),
                limit > 0 ? "<span class=\"c3\"></span>limit" : "", "</p>\n<div class=\"wide\">",
                line_chart(lines, "decoded token", true), "</div>\n");
}

inline std::string pace_chart(const RunReport& report, std::string_view title, Pace AnswerPace::*pace,
                              double limit) {
  std::vector<Bar> bars;
  const std::size_t first = report.answers.size() - std::min(report.answers.size(), most_answer_bars);
  for (std::size_t i = first; i < report.answers.size(); ++i) {
    const Pace& found = report.answers[i].*pace;
    bars.push_back({.label = concat("answer ", i + 1),
                    .pieces = measured_piece(found.speed()),
                    .text = concat(fixed(found.speed(), 1), " (", found.tokens, ")")});
  }
  if (limit > 0) bars.push_back({.label = "limit", .pieces = limit_piece(limit), .text = fixed(limit, 1)});
  return chart(title, concat("Tokens a second; in brackets how many.", first > 0 ? " The last answers." : ""),
               bars);
}

inline std::string speed_section(const RunReport& report, const std::vector<DecodedToken>& tokens) {
  const double limit = fastest_decode(report.plan);
  std::string html = concat(
      "<h2>Speed</h2>\n<p>",
      limit > 0 ? "The limit of decoding is what the rates of the devices' memory allow: the weights of a token, "
                  "read once. For prompts none is known."
                : "The rates of the devices' memory are not known; there is no limit to compare with.",
      "</p>\n");
  if (!report.answers.empty()) {
    html += concat("<div class=\"charts\">\n", pace_chart(report, "Prefill", &AnswerPace::prefill, 0),
                   pace_chart(report, "Decode", &AnswerPace::decode, limit), "</div>\n");
  }
  if (tokens.empty()) return html;
  return html + token_note(report) +
         token_chart(
             tokens, "tokens a second, one by one", limit, [](const DecodedToken& token) { return token.seconds; },
             [](double seconds) { return seconds > 0 ? 1 / seconds : 0; });
}

inline std::string cache_section(const RunReport& report, const std::vector<DecodedToken>& tokens) {
  if (report.slots.uses == 0) return "";
  const placement::SlottedExperts& slotted = report.plan.footprint.slotted;
  std::int32_t slots = 0;
  std::int32_t experts = 0;
  for (std::size_t d = 0; d < report.plan.devices(); ++d) {
    slots += report.plan.expert_slots(d);
    experts += report.plan.slotted_experts(d);
  }
  const double share = experts > 0 ? std::min(1.0, static_cast<double>(slots) / experts) : 0;
  const std::vector<Bar> bars = {
      {.label = "found in a slot",
       .pieces = measured_piece(100 * report.slots.hit_rate()),
       .text = fixed(100 * report.slots.hit_rate(), 1) + " %"},
      {.label = "slots of experts",
       .pieces = limit_piece(100 * share),
       .text = concat(fixed(100 * share, 1), " % (", slots, " for ", experts, " experts)")}};
  const auto used = static_cast<double>(slotted.layers.size()) * slotted.per_token;
  return concat(
      "<h2>Cache of experts</h2>\n<p>", escaped(generate::slot_line(report.slots)),
      "</p>\n<div class=\"charts\">\n",
      chart("Hits",
            "Of the experts that passes used; a router without favourites finds at most the share that has slots.",
            bars, {.end = 100}),
      "</div>\n",
      tokens.empty()
          ? ""
          : concat("<p>A decoded token uses ", fixed(used, 0),
                   " experts: the limit. Those in no slot were copied, when they were asked for or "
                   "ahead of that.</p>\n",
                   token_chart(
                       tokens, "of them in no slot", used, [](const DecodedToken& token) { return token.missed; },
                       [](double missed) { return missed; })));
}

}  // namespace detail

ASTERISM_INLINE double fastest_decode(const placement::Plan& plan) {
  double seconds = 0;
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    const bool has_head = plan.head_device() == static_cast<std::int32_t>(d);
    const Bytes read = plan.token_bytes(d) + (has_head ? plan.head_bytes() : Bytes{0});
    if (read == Bytes{0}) continue;
    if (plan.machine.rates[d] == Bytes{0}) return 0;
    seconds += detail::size_of(read) / detail::size_of(plan.machine.rates[d]);
  }
  return seconds > 0 ? 1 / seconds : 0;
}

ASTERISM_INLINE std::string run_html(const RunReport& report, std::string_view title) {
  const std::vector<detail::DecodedToken> tokens = detail::decoded_tokens(report);
  return concat(detail::page_begin(title, concat(chart_style, detail::run_style)), "<p>",
                escaped(report.checkpoint), "</p>\n<p>", escaped(report.policies), "</p>\n<p>",
                escaped(to_string(report.conditions)), "</p>\n<h2>Memory</h2>\n<p>", detail::memory_key, "</p>\n",
                detail::memory_charts(report), detail::usage_section(report.usage, report.plan),
                detail::speed_section(report, tokens), detail::cache_section(report, tokens), detail::page_end);
}

}  // namespace asterism::lab
