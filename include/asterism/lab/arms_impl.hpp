// Bodies of arms.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/arms.hpp"
#include "asterism/lab/difference.hpp"

namespace asterism::lab {

namespace detail {

/// The kinds of the questions with known answers, in the order of their first one.
inline std::vector<std::string> kinds_of(std::span<const Question> questions) {
  std::vector<std::string> kinds;
  for (const Question& question : questions) {
    if (!question.answer.empty() && std::ranges::find(kinds, question.kind) == kinds.end()) {
      kinds.push_back(question.kind);
    }
  }
  return kinds;
}

/// The heading of a column; the kind "" stands for all.
inline std::string heading_of(const std::string& kind) { return kind.empty() ? "all" : kind; }

/// A column as wide as its heading, and as 100.0 at least.
inline std::string in_column(const std::string& kind, const std::string& text) {
  return "  " + pad_left(text, std::max<std::size_t>(columns(heading_of(kind)), 5));
}

inline std::string estimate_text(const Estimate& estimate, Contrast::What what) {
  if (what == Contrast::What::ratio) {
    if (!std::isfinite(estimate.value)) return "-";  // to nothing right there is no ratio
    return concat(fixed(estimate.value, 2), " [", fixed(estimate.low, 2), " ", fixed(estimate.high, 2), "]");
  }
  const double points = 100 * estimate.value;
  return concat(points < 0 ? "" : "+", fixed(points, 0), " [", fixed(100 * estimate.low, 0), " ",
                fixed(100 * estimate.high, 0), "]");
}

}  // namespace detail

ASTERISM_INLINE Estimate contrast(const Contrast& contrast, std::span<const Evaluation> evaluations,
                                  std::span<const Question> questions, const std::string& kind) {
  const Evaluation& of = evaluation_of(contrast.of, evaluations);
  const Evaluation& against = evaluation_of(contrast.against, evaluations);
  std::vector<double> a;
  std::vector<double> b;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (questions[i].answer.empty() || (!kind.empty() && questions[i].kind != kind)) continue;
    a.push_back(of.answers.at(i).right ? 1 : 0);
    b.push_back(against.answers.at(i).right ? 1 : 0);
  }
  if (a.empty()) throw InvalidArgument(concat("no question of the kind '", kind, "' has a known answer"));
  return contrast.what == Contrast::What::ratio ? bootstrap_ratio(a, b) : bootstrap_difference(a, b);
}

ASTERISM_INLINE std::string arms_table(std::span<const Evaluation> evaluations,
                                       std::span<const Question> questions, std::span<const Contrast> contrasts) {
  std::vector<std::string> kinds = detail::kinds_of(questions);
  kinds.emplace_back();  // all
  std::size_t width = 4;
  for (const Evaluation& evaluation : evaluations) width = std::max(width, columns(evaluation.variant));
  std::string text = concat("Exact match in %\n  ", pad_right("", width));
  for (const std::string& kind : kinds) text += detail::in_column(kind, detail::heading_of(kind));
  text += "\n";
  for (const Evaluation& evaluation : evaluations) {
    text += "  " + pad_right(evaluation.variant, width);
    for (const std::string& kind : kinds) {
      const Score score =
          evaluation.score(questions, [&](const Question& one) { return kind.empty() || one.kind == kind; });
      text += detail::in_column(kind, fixed(100 * score.share(), 1));
    }
    text += "\n";
  }
  for (const Contrast& one : contrasts) {
    const bool ratio = one.what == Contrast::What::ratio;
    text += concat("\n", one.of, ratio ? " / " : " - ", one.against,
                   ratio ? ", with its 95 % interval\n" : " in points, with its 95 % interval\n");
    for (const std::string& kind : kinds) {
      text +=
          concat("  ", pad_right(detail::heading_of(kind), 12),
                 pad_left(detail::estimate_text(contrast(one, evaluations, questions, kind), one.what), 20), "\n");
    }
  }
  return text;
}

}  // namespace asterism::lab
