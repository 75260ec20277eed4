// Bodies of difference.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/difference.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/question_set.hpp"

namespace asterism::lab {

namespace detail {

inline std::string signed_text(double value, int digits) {
  return concat(value < 0 ? "" : "+", fixed(value, digits));
}

/// The cells of `difference_table` for one variant.
inline std::vector<std::string> difference_cells(const Evaluation& evaluation, const Evaluation& baseline,
                                                 std::span<const Question> questions) {
  const auto all = [](const Question&) { return true; };
  const PairedScore paired = paired_score(evaluation, baseline, questions);
  const double decode = baseline.decode_speed().all;
  const auto weights = static_cast<double>(baseline.weights().count);
  const double perplexity = evaluation.perplexity(questions, all) / baseline.perplexity(questions, all) - 1;
  return {evaluation.variant,
          paired.asked == 0 ? "-" : signed_text(100 * paired.difference(), 1),
          paired.asked == 0 ? "-" : concat("± ", fixed(100 * paired.half_interval(), 1)),
          concat(paired.gained),
          concat(paired.lost),
          signed_text(100 * perplexity, 2) + " %",
          weights > 0 ? fixed(static_cast<double>(evaluation.weights().count) / weights, 2) + "x" : "-",
          decode > 0 ? fixed(evaluation.decode_speed().all / decode, 2) + "x" : "-"};
}

inline constexpr std::string_view difference_titles[] = {"points",     "95 %",    "gained", "lost",
                                                         "perplexity", "weights", "decode"};

}  // namespace detail

ASTERISM_INLINE PairedScore paired_score(const Evaluation& evaluation, const Evaluation& baseline,
                                         std::span<const Question> questions) {
  PairedScore score;
  for (std::size_t i = 0; i < std::min(evaluation.answers.size(), baseline.answers.size()); ++i) {
    if (questions[i].answer.empty()) continue;
    const bool right = evaluation.answers[i].right;
    const bool was_right = baseline.answers[i].right;
    ++score.asked;
    score.gained += right && !was_right ? 1U : 0U;
    score.lost += !right && was_right ? 1U : 0U;
  }
  return score;
}

ASTERISM_INLINE const Evaluation& evaluation_of(std::string_view variant,
                                                std::span<const Evaluation> evaluations) {
  std::string names;
  for (const Evaluation& evaluation : evaluations) {
    if (evaluation.variant == variant) return evaluation;
    names += concat(names.empty() ? "" : ", ", evaluation.variant);
  }
  throw InvalidArgument(concat("no variant is called ", variant, ": there are ", names));
}

ASTERISM_INLINE std::string difference_table(std::span<const Evaluation> evaluations,
                                             std::span<const Question> questions, const Evaluation& baseline) {
  std::size_t width = 8;
  for (const Evaluation& evaluation : evaluations) width = std::max(width, columns(evaluation.variant));
  std::string text = concat("Against ", baseline.variant, " (exact match)\n  ", pad_right("", width));
  for (const std::string_view title : detail::difference_titles) text += pad_left(title, 11);
  text += "\n";
  for (const Evaluation& evaluation : evaluations) {
    const std::vector<std::string> cells = detail::difference_cells(evaluation, baseline, questions);
    text += "  " + pad_right(cells[0], width);
    for (std::size_t i = 1; i < cells.size(); ++i) text += pad_left(cells[i], 11);
    text += "\n";
  }
  return text;
}

}  // namespace asterism::lab
