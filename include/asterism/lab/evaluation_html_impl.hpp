// Bodies of evaluation_html.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/lab/evaluation_html.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/bar_chart.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/evaluation_report_impl.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/lab/score.hpp"
#include "asterism/placement/memory_footprint.hpp"

namespace asterism::lab {

namespace detail {

inline constexpr std::string_view page_style =
    "body{font:15px/1.45 system-ui,sans-serif;color:#1c2430;background:#fff;max-width:1000px;margin:2em auto;"
    "padding:0 1em}h1{font-size:1.5em;margin-bottom:.2em}h2{font-size:1.1em;margin:1.8em 0 .3em}"
    "p{margin:.3em 0;color:#4a5565}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{text-align:right;padding:.3em .6em;border-bottom:1px solid #dde3ea;white-space:nowrap}"
    "th{font-weight:600;color:#4a5565}th:first-child,td:first-child,.what td:last-child,.what "
    "th:last-child{text-align:left}"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(440px,1fr));gap:0 2em}"
    "svg{width:100%;height:auto}svg text{font-size:14px;fill:#1c2430}.label{text-anchor:end}"
    ".p0{fill:#2f6db3}.p1{fill:#e0913a}.p2{fill:#9aa7b5}.whisker{stroke:#1c2430;stroke-width:1.5;fill:none}"
    ".key span{display:inline-block;width:.9em;height:.9em;margin:0 .35em 0 1em;vertical-align:-.1em}"
    ".key .p0{background:#2f6db3}.key .p1{background:#e0913a}.key .p2{background:#9aa7b5}"
    ".wide{overflow-x:auto}";

inline std::string chart(std::string_view title, std::string_view note, std::span<const Bar> bars,
                         double origin = 0) {
  return concat("<section><h2>", title, "</h2><p>", note, "</p>\n", bar_chart(bars, origin), "</section>\n");
}

inline std::string speed_chart(std::string_view title, std::span<const Evaluation> evaluations,
                               Speed (Evaluation::*speed)() const) {
  std::vector<Bar> bars;
  for (const Evaluation& evaluation : evaluations) {
    const Speed found = (evaluation.*speed)();
    bars.push_back({.label = evaluation.variant,
                    .pieces = {found.all},
                    .text = fixed(found.all, 0),
                    .low = found.slowest,
                    .high = found.fastest});
  }
  return chart(title, "Tokens a second over all questions; the line spans five equal parts of them.", bars);
}

inline std::string table_row(std::string_view tag, std::span<const std::string> cells) {
  std::string html = "<tr>";
  for (const std::string& cell : cells) html += concat("<", tag, ">", escaped(cell), "</", tag, ">");
  return html + "</tr>\n";
}

/// Exact match by split and kind, a line a variant.
inline std::string score_tables(std::span<const Evaluation> evaluations, std::span<const Question> questions) {
  const std::vector<std::string> kinds = distinct(questions, &Question::kind);
  std::string html;
  for (const std::string& split : distinct(questions, &Question::split)) {
    std::vector<std::string> cells = {shown_name(split)};
    for (const std::string& kind : kinds) cells.push_back(shown_name(kind));
    cells.insert(cells.end(), {"all", "perplexity"});
    html += "<div class=\"wide\"><table>" + table_row("th", cells);
    for (const Evaluation& evaluation : evaluations) {
      cells = {evaluation.variant};
      for (const std::string& kind : kinds) {
        cells.push_back(score_text(evaluation.score(questions, [&](const Question& question) {
          return question.split == split && question.kind == kind;
        })));
      }
      const auto in_split = [&](const Question& question) { return question.split == split; };
      cells.push_back(score_text(evaluation.score(questions, in_split)));
      cells.push_back(fixed(evaluation.perplexity(questions, in_split), 4));
      html += table_row("td", cells);
    }
    html += "</table></div>\n";
  }
  return html;
}

}  // namespace detail

ASTERISM_INLINE std::string to_html(std::span<const Evaluation> evaluations, std::span<const Question> questions,
                                    std::string_view title) {
  std::vector<Bar> match;
  std::vector<Bar> perplexity;
  std::vector<Bar> memory;
  std::vector<std::vector<std::string>> rows = {{"variant", "weights and scales", "policies"}};
  const auto all = [](const Question&) { return true; };
  bool any_known = false;
  for (const Evaluation& evaluation : evaluations) {
    const Score score = evaluation.score(questions, all);
    const auto [low, high] = score.interval();
    any_known = any_known || score.asked > 0;
    match.push_back({.label = evaluation.variant,
                     .pieces = {100 * score.share()},
                     .text = fixed(100 * score.share(), 1) + " %",
                     .low = 100 * low,
                     .high = 100 * high});
    const double found = evaluation.perplexity(questions, all);
    perplexity.push_back({.label = evaluation.variant, .pieces = {found - 1}, .text = fixed(found, 4)});
    for (std::size_t d = 0; d < evaluation.plan.devices(); ++d) {
      const Bytes peak = evaluation.plan.peak(d);
      const Bytes cache = evaluation.plan.bytes(d, placement::PartKind::kv_cache);
      const Bytes workspace = evaluation.plan.bytes(d, placement::PartKind::workspace);
      memory.push_back(
          {.label = concat(evaluation.variant, evaluation.plan.devices() > 1 ? concat(", device ", d) : ""),
           .pieces = {static_cast<double>((peak - cache - workspace).count), static_cast<double>(cache.count),
                      static_cast<double>(workspace.count)},
           .text = to_string(peak)});
    }
    rows.push_back({evaluation.variant, to_string(evaluation.weights()), evaluation.policies});
  }
  std::string html =
      concat("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", escaped(title),
             "</title><meta name=\"viewport\" content=\"width=device-width\">\n<style>", detail::page_style,
             "</style></head><body>\n<h1>", escaped(title), "</h1>\n<p>", questions.size(), " questions, ",
             evaluations.empty() ? 0 : evaluations.front().limits.threads,
             " threads, variants one after the other.</p>\n<div class=\"wide\"><table class=\"what\">");
  for (std::size_t i = 0; i < rows.size(); ++i) html += detail::table_row(i == 0 ? "th" : "td", rows[i]);
  html += "</table></div>\n<div class=\"charts\">\n";
  if (any_known) html += detail::chart("Exact match", "Known answers met; the line is the 95 % interval.", match);
  html += detail::chart("Perplexity", "Bars begin at 1, which is certainty: shorter is better.", perplexity, 0);
  html += detail::speed_chart("Prefill", evaluations, &Evaluation::prefill_speed);
  html += detail::speed_chart("Decode", evaluations, &Evaluation::decode_speed);
  html += detail::chart("Memory by device",
                        "<span class=\"key\"><span class=\"p0\"></span>weights<span class=\"p1\"></span>KV cache"
                        "<span class=\"p2\"></span>workspace</span>",
                        memory);
  html += "</div>\n<h2>Exact match in % by split and kind [95 % interval]</h2>\n";
  return html + detail::score_tables(evaluations, questions) + "</body></html>\n";
}

}  // namespace asterism::lab
