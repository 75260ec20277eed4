// Bodies of timeline_html.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/bar_chart.hpp"
#include "asterism/lab/html_page.hpp"
#include "asterism/lab/timeline_html.hpp"
#include "asterism/lab/timeline_rows.hpp"

namespace asterism::lab {

namespace detail {

inline constexpr std::string_view timeline_style =
    ":root{color-scheme:light dark}.run svg text,.key{font-size:12px}.run svg{display:block;margin:1px 0}"
    ".run h4{margin:.8em 0 .1em;font-size:.95em;font-weight:600}summary{font-weight:600;padding:.2em 0}"
    ".run path{stroke:#fff;stroke-width:.5}.run .edge{stroke:#8793a1;fill:none}.over{fill:transparent}"
    ".over:hover{fill:#8793a133}.s0{fill:#2f6db3}.s1,.s6{fill:#3b9c8f}.s2{fill:#8fb8e3}.s3{fill:#9aa7b5}"
    ".s4{fill:#d04a4a}.s5{fill:#e0913a}.s7{fill:#9b5fb0}.key .s0{background:#2f6db3}.key .s1{background:#3b9c8f}"
    ".key .s2{background:#8fb8e3}.key .s3{background:#9aa7b5}.key .s4{background:#d04a4a}"
    ".key .s5{background:#e0913a}.key .s7{background:#9b5fb0}.key span:first-child{margin-left:0}"
    ".charts{display:block}.charts svg{max-width:540px}.p1{fill:#d04a4a}.key .p1{background:#d04a4a}"
    "@media(prefers-color-scheme:dark){body{color:#dde4ec;background:#14181e}p,th,small{color:#a7b3c0}"
    "th,td{border-color:#333d48}svg text{fill:#dde4ec}.run path{stroke:#14181e}}";

inline constexpr std::string_view timeline_key =
    "<p class=\"key\"><span class=\"s0\"></span>computes experts that were resident<span class=\"s1\"></span>came "
    "ahead, and their copies<span class=\"s2\"></span>came on demand<span class=\"s3\"></span>the layer's "
    "rest</p>\n"
    "<p class=\"key\"><span class=\"s4\"></span>waits<span class=\"s5\"></span>copies on demand"
    "<span class=\"s7\"></span>copies ahead that were not used</p>\n";

inline std::string summary_table(std::span<const TimelineRun> runs) {
  std::vector<std::string> cells = {"run",          "tokens/s", "% of resident", "% of the limit",
                                    "% waiting",    "% hits",   "% predicted",    "copies on demand",
                                    "copies ahead", "wasted",   "GB copied"};
  std::string html = "<div class=\"wide\"><table><thead>" + table_row("th", cells) + "</thead>\n";
  const auto percent = [](double share) { return fixed(100 * share, 1); };
  for (const TimelineRun& run : runs) {
    const TimedCounts& counts = run.counts;
    cells = {run.name,
             fixed(counts.tokens_per_second(), 2),
             percent(counts.of_resident()),
             percent(counts.of_limit()),
             percent(counts.waiting()),
             percent(counts.cache.hit_rate()),
             percent(counts.recall()),
             concat(counts.demanded()),
             concat(counts.copied),
             concat(counts.wasted),
             fixed(static_cast<double>(counts.cache.bytes.count) / 1e9, 2)};
    html += table_row("td", escaped_cells(cells));
  }
  return html + "</table></div>\n";
}

inline std::string time_chart(std::span<const TimelineRun> runs) {
  std::vector<Bar> bars;
  for (const TimelineRun& run : runs) {
    const TimedCounts& counts = run.counts;
    const double each = counts.tokens == 0 ? 0 : counts.seconds / static_cast<double>(counts.tokens);
    const double waits = each * counts.waiting();
    bars.push_back({.label = run.name, .pieces = {each - waits, waits}, .text = duration(each)});
  }
  return concat(
      "<div class=\"charts\">",
      chart("Time of a token",
            "<span class=\"key\"><span class=\"p0\"></span>computing<span class=\"p1\"></span>waiting</span>",
            bars),
      "</div>\n");
}

/// The longest row of each group.
inline std::map<std::string, double> scales_of(std::span<const TimelineRun> runs) {
  std::map<std::string, double> scales;
  for (const TimelineRun& run : runs) {
    double& longest = scales[run.group];
    for (const TokenTime& token : token_times(run.events)) {
      for (const std::span<const LayerTime> row : rows_of(token)) {
        longest = std::max(longest, row.back().end - row.front().begin);
      }
    }
  }
  return scales;
}

/// The lanes of the last tokens of a run, as many as fit into `most_bytes`.
inline std::string run_lanes(const TimelineRun& run, double full, bool open, std::size_t most_bytes) {
  const std::vector<TokenTime> tokens = token_times(run.events);
  const std::vector<TimelineEvent> copies = copies_of(run.events);
  std::vector<std::string> drawn;  // the last one first
  for (std::size_t bytes = 0; drawn.size() < tokens.size();) {
    const TokenTime& token = tokens[tokens.size() - 1 - drawn.size()];
    std::string one =
        concat("<h4>token ", token.token, ": ", duration(token.seconds()), ", ",
               fixed(token.seconds() > 0 ? 100 * token.waited() / token.seconds() : 0, 1), " % waiting</h4>\n");
    for (const std::span<const LayerTime> row : rows_of(token)) one += lanes(token, row, copies, full);
    bytes += one.size();
    if (bytes > most_bytes) break;
    drawn.push_back(std::move(one));
  }
  std::string html = concat("<details class=\"run\"", open ? " open" : "", "><summary>", escaped(run.name),
                            "</summary>\n<p>The last ", drawn.size(), " of ", run.counts.tokens,
                            " tokens; a full row is ", duration(full), ".</p>\n");
  for (auto one = drawn.rbegin(); one != drawn.rend(); ++one) html += *one;
  return html + "</details>\n";
}

}  // namespace detail

ASTERISM_INLINE std::string timeline_html(std::span<const TimelineRun> runs, std::string_view title,
                                          std::string_view note, std::size_t most_bytes) {
  std::string html = detail::page_begin(title, detail::timeline_style);
  while (!note.empty()) {
    const std::size_t end = std::min(note.find('\n'), note.size());
    html += concat("<p>", escaped(note.substr(0, end)), "</p>\n");
    note.remove_prefix(std::min(end + 1, note.size()));
  }
  html +=
      concat("<h2>Speeds</h2>\n", detail::summary_table(runs), detail::time_chart(runs),
             "<h2>Timelines</h2>\n<p>Token by token, in rows of at most 16 layers; a layer's figures show up "
             "below the pointer. Of each run the page draws the last tokens: as many as were recorded, and as it "
             "has room for in ",
             to_string(Bytes{most_bytes}), ".</p>\n", detail::timeline_key);
  const std::map<std::string, double> scales = detail::scales_of(runs);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::size_t taken = html.size() + 1024 * (runs.size() - i);
    const std::size_t left = most_bytes > taken ? (most_bytes - taken) / (runs.size() - i) : 0;
    html += detail::run_lanes(runs[i], scales.at(runs[i].group), runs.size() <= 8 || i == 0, left);
  }
  return html + std::string(detail::page_end);
}

}  // namespace asterism::lab
