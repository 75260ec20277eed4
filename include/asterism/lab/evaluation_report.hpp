// Evaluations as people read them, and as JSON.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/json.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/evaluate.hpp"
#include "asterism/lab/expert_usage.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/lab/score.hpp"

namespace asterism::lab {

namespace detail {

/// The distinct values of a member of the questions, in order of appearance.
inline std::vector<std::string> distinct(std::span<const Question> questions, std::string Question::*member) {
  std::vector<std::string> values;
  for (const Question& question : questions) {
    if (std::ranges::find(values, question.*member) == values.end()) values.push_back(question.*member);
  }
  return values;
}

inline std::string score_text(const Score& score) {
  if (score.asked == 0) return "-";
  const auto [low, high] = score.interval();
  return concat(fixed(100 * score.share(), 1), " [", fixed(100 * low, 0), " ", fixed(100 * high, 0), "]");
}

inline std::string shown_name(const std::string& name) { return name.empty() ? "(no name)" : name; }

inline std::size_t widest_variant(std::span<const Evaluation> evaluations) {
  std::size_t width = 8;
  for (const Evaluation& evaluation : evaluations) width = std::max(width, columns(evaluation.variant));
  return width + 2;
}

}  // namespace detail

/// For each split a table of exact match in percent with the 95 % interval: a line a variant, a column a kind of
/// question; and the perplexity of the known answers. `questions` are those that all evaluations asked.
inline std::string score_table(std::span<const Evaluation> evaluations, std::span<const Question> questions) {
  const std::vector<std::string> kinds = detail::distinct(questions, &Question::kind);
  const std::size_t width = detail::widest_variant(evaluations);
  std::string text;
  for (const std::string& split : detail::distinct(questions, &Question::split)) {
    const auto asked = std::ranges::count(questions, split, &Question::split);
    text += concat(detail::shown_name(split), ": exact match of ", asked, " questions in % [95 % interval]\n  ",
                   pad_right("", width));
    for (const std::string& kind : kinds) text += pad_left(detail::shown_name(kind), 16);
    text += pad_left("all", 16) + pad_left("perplexity", 13) + "\n";
    for (const Evaluation& evaluation : evaluations) {
      text += "  " + pad_right(evaluation.variant, width);
      const auto cell = [&](const auto& wanted) {
        text += pad_left(detail::score_text(evaluation.score(questions, wanted)), 16);
      };
      for (const std::string& kind : kinds) {
        cell([&](const Question& question) { return question.split == split && question.kind == kind; });
      }
      const auto in_split = [&](const Question& question) { return question.split == split; };
      cell(in_split);
      text += pad_left(fixed(evaluation.perplexity(questions, in_split), 4), 13) + "\n";
    }
    text += "\n";
  }
  return text;
}

/// A line a variant: bytes of the weights, speed.
inline std::string cost_table(std::span<const Evaluation> evaluations) {
  const std::size_t width = detail::widest_variant(evaluations);
  std::string text = concat("  ", pad_right("", width), pad_left("weights", 14), pad_left("prefill tokens/s", 18),
                            pad_left("decode tokens/s", 17), "\n");
  for (const Evaluation& evaluation : evaluations) {
    text += concat("  ", pad_right(evaluation.variant, width), pad_left(to_string(evaluation.weights), 14),
                   pad_left(fixed(evaluation.prefill_speed(), 0), 18),
                   pad_left(fixed(evaluation.decode_speed(), 0), 17), "\n");
  }
  return text;
}

/// How often each expert was chosen while the prompts and answers passed, a table for each kind of question.
inline std::string usage_by_kind(const Evaluation& evaluation) {
  std::string text;
  for (const auto& [kind, usage] : evaluation.usage)
    text += concat(detail::shown_name(kind), "\n", usage.table(), "\n");
  return text;
}

/// Everything: {"variants": [{"variant", "weights_bytes", "threads", "perplexity", "prefill_tokens_per_second",
/// "decode_tokens_per_second", "splits": {split: {"all": S, "kinds": {kind: S}}}, "expert_usage":
/// {kind: [layer][expert] share}, "answers": [{"id", "text", "right", "log_probability"}]}]}, where S is {"right",
/// "asked", "exact_match", "low", "high", "perplexity"}. A question without split or kind counts under "".
inline std::string to_json(std::span<const Evaluation> evaluations, std::span<const Question> questions) {
  using checkpoint::Json;
  const std::vector<std::string> kinds = detail::distinct(questions, &Question::kind);
  Json variants = Json::array();
  for (const Evaluation& evaluation : evaluations) {
    Json splits = Json::object();
    for (const std::string& split : detail::distinct(questions, &Question::split)) {
      const auto found = [&](const auto& wanted) -> Json {
        const Score score = evaluation.score(questions, wanted);
        const auto [low, high] = score.interval();
        return {{"right", score.right},
                {"asked", score.asked},
                {"exact_match", score.share()},
                {"low", low},
                {"high", high},
                {"perplexity", evaluation.perplexity(questions, wanted)}};
      };
      splits[split]["all"] = found([&](const Question& question) { return question.split == split; });
      for (const std::string& kind : kinds) {
        splits[split]["kinds"][kind] =
            found([&](const Question& question) { return question.split == split && question.kind == kind; });
      }
    }
    Json usage = Json::object();
    for (const auto& [kind, counts] : evaluation.usage) {
      Json layers = Json::array();
      for (std::int32_t layer = 0; layer < counts.layers(); ++layer) {
        Json shares = Json::array();
        for (std::int32_t expert = 0; expert < counts.experts(); ++expert)
          shares.push_back(counts.share(layer, expert));
        layers.push_back(std::move(shares));
      }
      usage[kind] = std::move(layers);
    }
    Json answers = Json::array();
    for (std::size_t i = 0; i < evaluation.answers.size(); ++i) {
      const Answer& answer = evaluation.answers[i];
      answers.push_back({{"id", questions[i].id},
                         {"text", answer.text},
                         {"right", answer.right},
                         {"log_probability", answer.log_probability}});
    }
    variants.push_back({{"variant", evaluation.variant},
                        {"weights_bytes", evaluation.weights.count},
                        {"threads", evaluation.threads},
                        {"perplexity", evaluation.perplexity(questions, [](const Question&) { return true; })},
                        {"prefill_tokens_per_second", evaluation.prefill_speed()},
                        {"decode_tokens_per_second", evaluation.decode_speed()},
                        {"splits", std::move(splits)},
                        {"expert_usage", std::move(usage)},
                        {"answers", std::move(answers)}});
  }
  return Json{{"variants", std::move(variants)}}.dump(1) + "\n";
}

}  // namespace asterism::lab
