// Bodies of read_evaluations.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/lab/conditions.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/expert_usage.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/lab/read_evaluations.hpp"

namespace asterism::lab {

namespace detail {

/// Reads the members of one object; `where` names it in messages.
class Members {
 public:
  Members(const json::Value& object, std::string where) : object_(&object), where_(std::move(where)) {
    json::check_object(object, "it", where_);
  }

  std::string text(std::string_view key) const { return json::require_string(*object_, key, where_); }
  double number(std::string_view key) const { return json::require_number(*object_, key, where_); }
  bool flag(std::string_view key) const { return json::require_bool(*object_, key, where_); }
  std::uint64_t count(std::string_view key) const {
    return static_cast<std::uint64_t>(
        json::require_integer(*object_, key, where_, 0, std::numeric_limits<std::int64_t>::max()));
  }
  std::int32_t small_count(std::string_view key) const {
    return static_cast<std::int32_t>(
        json::require_integer(*object_, key, where_, 0, std::numeric_limits<std::int32_t>::max()));
  }
  Members object(std::string_view key) const {
    return {json::require_object(*object_, key, where_), concat(where_, ", ", key)};
  }
  const json::Value& array(std::string_view key) const { return json::require_array(*object_, key, where_); }
  bool empty() const { return object_->empty(); }
  const std::string& where() const { return where_; }

 private:
  const json::Value* object_;
  std::string where_;
};

inline Asked asked_in(const Members& from) {
  Asked asked{.checkpoint = from.text("checkpoint"),
              .questions = from.count("questions"),
              .max_tokens = from.small_count("max_tokens"),
              .stop = {},
              .chat = from.flag("chat")};
  for (const json::Value& text : from.array("stop"))
    asked.stop.push_back(json::to_text(text, "stop", from.where()));
  return asked;
}

inline Conditions conditions_in(const Members& from) {
  return {.processor = from.text("processor"),
          .cores = static_cast<std::uint32_t>(from.small_count("cores")),
          .memory = {from.count("memory_bytes")},
          .instruction_set = from.text("instruction_set"),
          .threads = from.small_count("threads"),
          .version = from.text("version"),
          .date = from.text("date")};
}

inline Pace pace_in(const Members& from) { return {from.count("tokens"), from.number("seconds")}; }

inline std::vector<Answer> answers_in(const Members& from, std::span<const Question> questions) {
  std::vector<Answer> answers;
  for (const json::Value& one : from.array("answers")) {
    if (answers.size() == questions.size()) break;
    const Members answer(one, concat(from.where(), ", answer ", answers.size()));
    if (answer.text("id") != questions[answers.size()].id) {
      throw FormatError(concat(answer.where(), ": is to the question '", printable(answer.text("id")),
                               "'; expected '", printable(questions[answers.size()].id), "'"));
    }
    answers.push_back({.text = answer.text("text"),
                       .right = answer.flag("right"),
                       .log_probability = answer.number("log_probability"),
                       .scored_tokens = answer.small_count("scored_tokens"),
                       .prefill = pace_in(answer.object("prefill")),
                       .decode = pace_in(answer.object("decode"))});
  }
  if (from.array("answers").size() != questions.size()) {
    throw FormatError(concat(from.where(), ": has ", from.array("answers").size(), " answers to ",
                             questions.size(), " questions"));
  }
  return answers;
}

inline ExpertUsage usage_in(const json::Value& layers, const std::string& where) {
  const std::size_t experts = layers.empty() || !layers[0].is_array() ? 0 : layers[0].size();
  if (experts == 0) throw FormatError(where + ": expected a list of counts for each layer");
  ExpertUsage usage(static_cast<std::int32_t>(layers.size()), static_cast<std::int32_t>(experts));
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    if (!layers[layer].is_array() || layers[layer].size() != experts) {
      throw FormatError(concat(where, ": layer ", layer, " has other experts than layer 0"));
    }
    for (std::size_t expert = 0; expert < experts; ++expert) {
      const std::int64_t times = json::to_integer(layers[layer][expert], "expert_choices", where, 0);
      usage.add(static_cast<std::int32_t>(layer), static_cast<std::int32_t>(expert),
                static_cast<std::uint64_t>(times));
    }
  }
  return usage;
}

/// The first difference, in words; empty if there is none.
inline std::string first_difference(const Asked& found, const Asked& wanted) {
  const auto differ = [](std::string_view what, const auto& a, const auto& b) {
    return concat(what, " ", a, ", not ", b);
  };
  if (found.checkpoint != wanted.checkpoint) return differ("the checkpoint", found.checkpoint, wanted.checkpoint);
  if (found.questions != wanted.questions) return "other questions";
  if (found.max_tokens != wanted.max_tokens) {
    return differ("at most this many tokens of an answer:", found.max_tokens, wanted.max_tokens);
  }
  if (found.stop != wanted.stop) return "other texts that end an answer";
  if (found.chat != wanted.chat) return found.chat ? "turns of a chat" : "plain prompts, not turns of a chat";
  return {};
}

}  // namespace detail

ASTERISM_INLINE std::vector<Evaluation> parse_evaluations(std::string_view text, std::string_view where,
                                                          std::span<const Question> questions,
                                                          const Asked& asked) {
  const json::Document document(json::parse(text, where));
  const detail::Members all(*document, std::string(where));
  std::vector<Evaluation> evaluations;
  for (const json::Value& one : all.array("variants")) {
    const detail::Members from(one, concat(where, ", variant ", evaluations.size()));
    Evaluation found{.variant = from.text("variant"),
                     .policies = from.text("policies"),
                     .asked = detail::asked_in(from.object("asked")),
                     .conditions = detail::conditions_in(from.object("conditions"))};
    if (const std::string difference = detail::first_difference(found.asked, asked); !difference.empty()) {
      throw InvalidArgument(concat(from.where(), " (", found.variant, "): was asked ", difference));
    }
    for (const json::Value& device : from.array("devices")) {
      const detail::Members bytes(device, from.where() + ", devices");
      const Bytes cache{bytes.count("kv_cache_bytes")};
      const Bytes workspace{bytes.count("workspace_bytes")};
      const Bytes peak{bytes.count("bytes")};
      if (peak.count < cache.count || peak.count - cache.count < workspace.count) {
        throw FormatError(bytes.where() + ": a device holds less than its cache and workspace");
      }
      found.devices.push_back({.weights = peak - cache - workspace, .kv_cache = cache, .workspace = workspace});
    }
    found.limits.context = from.small_count("context");
    found.limits.threads = from.small_count("threads");
    found.answers = detail::answers_in(from, questions);
    const detail::Members choices = from.object("expert_choices");
    // In the order in which kinds appear; nothing of a model without experts.
    for (const Question& question : choices.empty() ? std::span<const Question>() : questions) {
      const auto same = [&](const auto& entry) { return entry.first == question.kind; };
      if (std::ranges::any_of(found.usage, same)) continue;
      found.usage.emplace_back(question.kind, detail::usage_in(choices.array(question.kind), choices.where()));
    }
    evaluations.push_back(std::move(found));
  }
  return evaluations;
}

ASTERISM_INLINE std::vector<Evaluation> read_evaluations(const std::string& path,
                                                         std::span<const Question> questions, const Asked& asked) {
  return parse_evaluations(file::read_file(path, std::uint64_t{1} << 30U), path, questions, asked);
}

}  // namespace asterism::lab
