// Bodies of evaluation_html.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/bar_chart.hpp"
#include "asterism/lab/conditions.hpp"
#include "asterism/lab/difference_impl.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/evaluation_html.hpp"
#include "asterism/lab/evaluation_report_impl.hpp"
#include "asterism/lab/html_page.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/lab/score.hpp"
#include "asterism/lab/usage_chart.hpp"

namespace asterism::lab {

namespace detail {

inline std::string speed_chart(std::string_view title, std::span<const Evaluation> evaluations,
                               Speed (Evaluation::*speed)() const) {
  std::vector<Bar> bars;
  for (const Evaluation& evaluation : evaluations) {
    const Speed found = (evaluation.*speed)();
    bars.push_back(
        {.label = evaluation.variant,
         .pieces = {found.all},
         .text = concat(fixed(found.all, 0), " [", fixed(found.slowest, 0), " ", fixed(found.fastest, 0), "]"),
         .low = found.slowest,
         .high = found.fastest});
  }
  return chart(title, "Tokens a second over all questions; in brackets and as a line: five equal parts of them.",
               bars);
}

/// The share, with its interval below.
inline std::string score_cell(const Score& score) {
  if (score.asked == 0) return "-";
  const auto [low, high] = score.interval();
  return concat(fixed(100 * score.share(), 1), "<small>", fixed(100 * low, 0), " to ", fixed(100 * high, 0),
                "</small>");
}

/// Exact match by split and kind: one table with a part for each split, so that its columns line up.
inline std::string score_tables(std::span<const Evaluation> evaluations, std::span<const Question> questions) {
  const std::vector<std::string> kinds = distinct(questions, &Question::kind);
  std::vector<std::string> cells = {""};
  for (const std::string& kind : kinds) cells.push_back(escaped(shown_name(kind)));
  cells.insert(cells.end(), {"all", "perplexity"});
  const std::size_t columns = cells.size();
  std::string html = "<div class=\"wide\"><table><thead>" + table_row("th", cells) + "</thead>\n";
  for (const std::string& split : distinct(questions, &Question::split)) {
    html += concat("<tbody><tr><th colspan=\"", columns, "\">", escaped(shown_name(split)), "</th></tr>\n");
    for (const Evaluation& evaluation : evaluations) {
      cells = {escaped(evaluation.variant)};
      for (const std::string& kind : kinds) {
        cells.push_back(score_cell(evaluation.score(questions, [&](const Question& question) {
          return question.split == split && question.kind == kind;
        })));
      }
      const auto in_split = [&](const Question& question) { return question.split == split; };
      cells.push_back(score_cell(evaluation.score(questions, in_split)));
      cells.push_back(fixed(evaluation.perplexity(questions, in_split), 4));
      html += table_row("td", cells);
    }
    html += "</tbody>\n";
  }
  return html + "</table></div>\n";
}

/// The policies of each variant, and its differences from the baseline.
inline std::string variants_table(std::span<const Evaluation> evaluations, std::span<const Question> questions,
                                  const Evaluation& baseline) {
  std::vector<std::string> cells = {"variant", "weights and scales"};
  for (const std::string_view title : difference_titles) cells.emplace_back(title);
  cells.emplace_back("policies");
  std::string html = "<div class=\"wide\"><table class=\"what\"><thead>" + table_row("th", cells) + "</thead>\n";
  for (const Evaluation& evaluation : evaluations) {
    cells = difference_cells(evaluation, baseline, questions);
    cells.insert(cells.begin() + 1, to_string(evaluation.weights()));
    cells.push_back(evaluation.policies);
    html += table_row("td", escaped_cells(cells));
  }
  return html + "</table></div>\n";
}

/// Each distinct line once: usually all variants ran on one machine and day.
inline std::string conditions_lines(std::span<const Evaluation> evaluations) {
  std::vector<Conditions> seen;
  std::string html;
  for (const Evaluation& evaluation : evaluations) {
    Conditions same = evaluation.conditions;
    same.date.resize(std::min<std::size_t>(same.date.size(), 10));
    if (std::ranges::find(seen, same) != seen.end()) continue;
    seen.push_back(same);
    html += concat("<p>", escaped(to_string(evaluation.conditions)), "</p>\n");
  }
  return html;
}

inline std::string usage_charts(std::span<const Evaluation> evaluations, const Evaluation& baseline) {
  std::string html;
  for (const Evaluation& evaluation : evaluations) {
    if (evaluation.usage.empty()) continue;
    html += concat("<details", &evaluation == &baseline ? " open" : "", "><summary>", escaped(evaluation.variant),
                   "</summary>\n", usage_chart(evaluation.all_usage()), "</details>\n");
  }
  return html;
}

inline std::string charts(std::span<const Evaluation> evaluations, std::span<const Question> questions) {
  std::vector<Bar> match;
  std::vector<Bar> perplexity;
  std::vector<Bar> memory;
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
    for (std::size_t d = 0; d < evaluation.devices.size(); ++d) {
      const DeviceBytes& device = evaluation.devices[d];
      memory.push_back(
          {.label = concat(evaluation.variant, evaluation.devices.size() > 1 ? concat(", device ", d) : ""),
           .pieces = {static_cast<double>(device.weights.count), static_cast<double>(device.kv_cache.count),
                      static_cast<double>(device.workspace.count)},
           .text = to_string(device.all())});
    }
  }
  std::string html = "<div class=\"charts\">\n";
  if (any_known) {
    html += chart("Exact match", "Known answers met; the line is the 95 % interval.", match, {.end = 100});
  }
  html += chart("Perplexity", "Bars begin at 1, which is certainty: shorter is better.", perplexity);
  html += speed_chart("Prefill", evaluations, &Evaluation::prefill_speed);
  html += speed_chart("Decode", evaluations, &Evaluation::decode_speed);
  html += chart("Memory by device",
                "<span class=\"key\"><span class=\"p0\"></span>weights<span class=\"p1\"></span>KV cache"
                "<span class=\"p2\"></span>workspace</span>",
                memory);
  return html + "</div>\n";
}

}  // namespace detail

ASTERISM_INLINE std::string to_html(std::span<const Evaluation> evaluations, std::span<const Question> questions,
                                    std::string_view title, std::string_view baseline) {
  std::string html =
      concat(detail::page_begin(title), "<p>", questions.size(), " questions, variants one after the other.</p>\n",
             detail::conditions_lines(evaluations));
  if (!evaluations.empty()) {
    const Evaluation& base = baseline.empty() ? evaluations.front() : evaluation_of(baseline, evaluations);
    html += concat(
        "<h2>Variants, against ", escaped(base.variant),
        "</h2>\n<p>Points are the difference of exact "
        "match in %, with half the width of its 95 % interval; gained and lost are the questions that only "
        "one of both answered right.</p>\n",
        detail::variants_table(evaluations, questions, base), detail::charts(evaluations, questions),
        "<h2>Exact match in % by split and kind, with the 95 % interval</h2>\n",
        detail::score_tables(evaluations, questions),
        "<h2>Use of experts</h2>\n<p>Share of the choices in a layer, in %, over all prompts and answers.</p>\n",
        detail::usage_charts(evaluations, base));
  }
  return html + std::string(detail::page_end);
}

}  // namespace asterism::lab
