// Bodies of evaluation_report.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"
#include "asterism/lab/conditions.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/evaluation_report.hpp"
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

inline json::Value json_of(const Speed& speed) {
  return {{"all", speed.all}, {"slowest", speed.slowest}, {"fastest", speed.fastest}};
}

inline json::Value json_of(const Asked& asked) {
  return {{"checkpoint", asked.checkpoint},
          {"questions", asked.questions},
          {"max_tokens", asked.max_tokens},
          {"stop", asked.stop},
          {"chat", asked.chat}};
}

inline json::Value json_of(const Conditions& conditions) {
  return {{"processor", conditions.processor},
          {"cores", conditions.cores},
          {"memory_bytes", conditions.memory.count},
          {"instruction_set", conditions.instruction_set},
          {"threads", conditions.threads},
          {"version", conditions.version},
          {"date", conditions.date}};
}

/// [layer][expert] value of `member`
template <class Number>
json::Value by_layer(const ExpertUsage& usage,
                     Number (ExpertUsage::*member)(std::int32_t layer, std::int32_t expert) const) {
  json::Value layers = json::Value::array();
  for (std::int32_t layer = 0; layer < usage.layers(); ++layer) {
    json::Value experts = json::Value::array();
    for (std::int32_t expert = 0; expert < usage.experts(); ++expert) {
      experts.push_back((usage.*member)(layer, expert));
    }
    layers.push_back(std::move(experts));
  }
  return layers;
}

inline std::size_t widest_variant(std::span<const Evaluation> evaluations) {
  std::size_t width = 8;
  for (const Evaluation& evaluation : evaluations) width = std::max(width, columns(evaluation.variant));
  return width + 2;
}

}  // namespace detail

ASTERISM_INLINE std::string score_table(std::span<const Evaluation> evaluations,
                                        std::span<const Question> questions) {
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

ASTERISM_INLINE std::string comparison_table(std::span<const Evaluation> evaluations,
                                             std::span<const Question> questions) {
  const std::size_t width = detail::widest_variant(evaluations);
  std::size_t devices = 0;
  for (const Evaluation& evaluation : evaluations) devices = std::max(devices, evaluation.devices.size());
  std::string text = concat("  ", pad_right("", width));
  for (std::size_t d = 0; d < devices; ++d) text += pad_left(concat("device ", d), 12);
  text += pad_left("weights", 12) + pad_left("perplexity", 12) + pad_left("exact match %", 17) +
          pad_left("prefill tokens/s", 24) + pad_left("decode tokens/s", 24) + "\n";
  const auto all = [](const Question&) { return true; };
  const auto speed_text = [](const Speed& speed) {
    if (speed.all == 0) return std::string("-");
    return concat(fixed(speed.all, 0), " [", fixed(speed.slowest, 0), " ", fixed(speed.fastest, 0), "]");
  };
  for (const Evaluation& evaluation : evaluations) {
    text += "  " + pad_right(evaluation.variant, width);
    for (std::size_t d = 0; d < devices; ++d) {
      text += pad_left(d < evaluation.devices.size() ? to_string(evaluation.devices[d].all()) : "-", 12);
    }
    text += pad_left(to_string(evaluation.weights()), 12) +
            pad_left(fixed(evaluation.perplexity(questions, all), 4), 12) +
            pad_left(detail::score_text(evaluation.score(questions, all)), 17) +
            pad_left(speed_text(evaluation.prefill_speed()), 24) +
            pad_left(speed_text(evaluation.decode_speed()), 24) + "\n";
  }
  return text;
}

ASTERISM_INLINE std::string usage_by_kind(const Evaluation& evaluation) {
  std::string text;
  for (const auto& [kind, usage] : evaluation.usage)
    text += concat(detail::shown_name(kind), "\n", usage.table(), "\n");
  return text;
}

ASTERISM_INLINE std::string to_json(std::span<const Evaluation> evaluations, std::span<const Question> questions) {
  const std::vector<std::string> kinds = detail::distinct(questions, &Question::kind);
  json::Value variants = json::Value::array();
  for (const Evaluation& evaluation : evaluations) {
    json::Value splits = json::Value::object();
    for (const std::string& split : detail::distinct(questions, &Question::split)) {
      const auto found = [&](const auto& wanted) -> json::Value {
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
    json::Value usage = json::Value::object();
    json::Value choices = json::Value::object();
    for (const auto& [kind, counts] : evaluation.usage) {
      usage[kind] = detail::by_layer(counts, &ExpertUsage::share);
      choices[kind] = detail::by_layer(counts, &ExpertUsage::chosen);
    }
    json::Value answers = json::Value::array();
    for (std::size_t i = 0; i < evaluation.answers.size(); ++i) {
      const Answer& answer = evaluation.answers[i];
      answers.push_back({{"id", questions[i].id},
                         {"text", answer.text},
                         {"right", answer.right},
                         {"log_probability", answer.log_probability},
                         {"scored_tokens", answer.scored_tokens},
                         {"prefill", {{"tokens", answer.prefill.tokens}, {"seconds", answer.prefill.seconds}}},
                         {"decode", {{"tokens", answer.decode.tokens}, {"seconds", answer.decode.seconds}}}});
    }
    json::Value devices = json::Value::array();
    for (const DeviceBytes& device : evaluation.devices) {
      devices.push_back({{"bytes", device.all().count},
                         {"kv_cache_bytes", device.kv_cache.count},
                         {"workspace_bytes", device.workspace.count}});
    }
    variants.push_back({{"variant", evaluation.variant},
                        {"policies", evaluation.policies},
                        {"asked", detail::json_of(evaluation.asked)},
                        {"conditions", detail::json_of(evaluation.conditions)},
                        {"weights_bytes", evaluation.weights().count},
                        {"devices", std::move(devices)},
                        {"context", evaluation.limits.context},
                        {"threads", evaluation.limits.threads},
                        {"perplexity", evaluation.perplexity(questions, [](const Question&) { return true; })},
                        {"prefill_tokens_per_second", detail::json_of(evaluation.prefill_speed())},
                        {"decode_tokens_per_second", detail::json_of(evaluation.decode_speed())},
                        {"splits", std::move(splits)},
                        {"expert_usage", std::move(usage)},
                        {"expert_choices", std::move(choices)},
                        {"answers", std::move(answers)}});
  }
  return json::Value{{"variants", std::move(variants)}}.dump(1) + "\n";
}

}  // namespace asterism::lab
