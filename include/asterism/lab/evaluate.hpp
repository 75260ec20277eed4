// Evaluates a model on questions with known answers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/hooks.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/lab/conditions.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/expert_usage.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/lab/routing_trace.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/formats.hpp"
#include "asterism/observe/trace.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/text/chat_template.hpp"

namespace asterism::lab {

/// How questions are asked.
struct EvaluateOptions {
  std::int32_t max_tokens = 32;         ///< of an answer
  std::vector<std::string> stop{"\n"};  ///< texts that end an answer
  bool chat = false;                    ///< each prompt is a user's turn in the checkpoint's chat template
  ProgressSink* progress = nullptr;     ///< receives the progress, question by question
  std::stop_token cancel{};             ///< checked before each token; evaluate then throws Error
  RoutingTrace* trace = nullptr;        ///< receives a sequence for each question: its tokens and answer
};

namespace detail {

/// The name of the type B as the compiler writes it.
template <class B>
std::string_view type_text() {
  const std::string_view text =
      __PRETTY_FUNCTION__;  // "... [with B = space::Name; ...]" or "... [B = space::Name]"
  const std::size_t begin = text.find("B = ") + 4;
  std::size_t depth = 0;
  std::size_t end = begin;
  for (; end < text.size() && (depth > 0 || (text[end] != ';' && text[end] != ']')); ++end) {
    if (text[end] == '<' || text[end] == '(') ++depth;
    if (text[end] == '>' || text[end] == ')') --depth;
  }
  return text.substr(begin, end - begin);
}

}  // namespace detail

/// The name of the struct B without its namespaces, which is the name of the experiment.
template <class B>
std::string variant_name() {
  const std::string_view text = detail::type_text<B>();
  std::size_t depth = 0;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<' || text[i] == '(') ++depth;
    if (text[i] == '>' || text[i] == ')') --depth;
    if (depth == 0 && text[i] == ':') from = i + 1;
  }
  return std::string(text.substr(from));
}

/// The name of a policy by its own account, else the name of its type without namespaces.
template <class Policy>
std::string policy_name() {
  if constexpr (requires { std::string(Policy::name()); }) {
    return Policy::name();
  } else {
    std::string out;
    for (const char c : detail::type_text<Policy>()) {
      if (c != ':') {
        out += c;
        continue;
      }
      while (!out.empty() && out.back() != '<' && out.back() != ' ' && out.back() != ',') out.pop_back();
    }
    return out;
  }
}

/// The policies of B that affect results: formats, cache and activations, and any others that differ from
/// Blueprint's.
template <class B>
std::string policies_text() {
  std::string text = concat(B::Quantization::name(), "; embedding ", B::Embedding::name(), ", head ",
                            B::Head::name(), "; ", policy_name<typename B::KvCache>());
  if constexpr (requires { typename B::Backend::ActivationPolicy; }) {
    text += "; " + policy_name<typename B::Backend::ActivationPolicy>();
  } else {
    text += "; " + policy_name<typename B::Backend>();
  }
  const auto other = [&text]<class Own, class Default>() {
    if constexpr (!std::is_same_v<Own, Default>) text += "; " + policy_name<Own>();
  };
  other.template operator()<typename B::Gating, Blueprint::Gating>();
  other.template
  operator()<typename B::template Expert<typename B::Quantization>, Blueprint::Expert<typename B::Quantization>>();
  return text;
}

/// The same of B for a model of `shape`: where B says which matrix has which format, the number of each format's
/// matrices in layers, those of all experts of a layer counted once, and a number that tells recipes apart.
template <class B>
std::string policies_text(const Shape& shape) {
  std::string text = policies_text<B>();
  if constexpr (model::is_mixed<B> && model::HasFormats<B>) {
    const model::Formats formats = B::formats(shape);
    if constexpr (quant::Tagged<typename B::Quantization>) {
      std::map<std::string, std::int32_t> counts;
      model::for_each_tag(shape, formats, [&](const auto& /*info*/, const LayerSet& layers, quant::Tag tag) {
        counts[B::Quantization::name(tag)] += layers.size();
      });
      for (const auto& [format, count] : counts) text += concat("; ", count, " matrices in ", format);
    }
    text += concat("; recipe ", model::fingerprint(shape, formats));
  }
  return text;
}

/// The variant B with an observer that records routes.
template <class B>
struct Traced : B {
  using Observer = observe::Trace;
};

namespace detail {

inline ExpertUsage& usage_of(Evaluation& evaluation, const std::string& kind, const Shape& shape) {
  for (auto& [name, usage] : evaluation.usage) {
    if (name == kind) return usage;
  }
  return evaluation.usage.emplace_back(kind, ExpertUsage(shape.sparse_layers().size(), shape.experts)).second;
}

/// Scores the known answer: " answer" after the prompt, and the end token, if the model has one; or the prompt
/// itself from its second token on. A prefix shared with the session's conversation is not computed again.
template <class B>
void score_known_answer(Session<B>& session, const std::string& prompt, bool chat, const Question& question,
                        Answer& answer) {
  const LanguageModel<B>& model = session.model();
  auto tokens = model.tokenizer().encode(prompt, {.add_special_tokens = !chat});
  std::size_t first = 1;
  if (!question.answer.empty()) {
    auto answered = model.tokenizer().encode(prompt + " " + question.answer, {.add_special_tokens = !chat});
    const auto shared = std::ranges::mismatch(tokens, answered).in2 - answered.begin();
    first = std::max<std::size_t>(1, static_cast<std::size_t>(shared));
    tokens = std::move(answered);
    if (!model.end_tokens().empty()) tokens.push_back(model.end_tokens().front());
  }
  for (const float value : session.log_probabilities(tokens, first)) {
    answer.log_probability += double{value};
    ++answer.scored_tokens;
  }
}

/// Lets the session answer, then scores the known answer.
template <class B>
Answer ask(Session<B>& session, const Question& question, const EvaluateOptions& options, Evaluation& evaluation) {
  const GenerateOptions generate{.max_tokens = options.max_tokens, .stop = options.stop, .cancel = options.cancel};
  const std::vector<text::Message> turn = {{"user", question.prompt}};
  const std::string prompt = options.chat ? session.model().chat_template().render(turn) : question.prompt;
  Answer answer;
  auto pieces = options.chat ? session.chat(turn, generate) : session.generate(prompt, generate);
  for (const std::string_view piece : pieces) answer.text += piece;
  const GenerationStats& last = session.last();
  if (last.finish_reason == FinishReason::cancelled) throw Error("interrupted: not all questions were asked");
  answer.text = std::string(trimmed(answer.text));
  answer.right = !question.answer.empty() && answer.text == question.answer;
  answer.prefill = {static_cast<std::uint64_t>(last.usage.prompt_tokens - last.usage.cached_tokens),
                    last.prefill_seconds};
  answer.decode = {static_cast<std::uint64_t>(std::max(last.usage.completion_tokens - 1, 0)), last.decode_seconds};
  if (const Shape& shape = session.model().shape(); shape.experts > 0) {
    usage_of(evaluation, question.kind, shape).add(session.observer());
  }
  if (options.trace != nullptr) {
    options.trace->append(question.id, static_cast<std::size_t>(last.usage.prompt_tokens), session.tokens(),
                          session.observer());
  }
  score_known_answer(session, prompt, options.chat, question, answer);
  return answer;
}

}  // namespace detail

/// The record of the arguments of `evaluate`.
inline Asked asked_of(const std::string& folder, std::span<const Question> questions,
                      const EvaluateOptions& options) {
  std::error_code failed;
  const std::filesystem::path path = std::filesystem::weakly_canonical(folder, failed);
  return {.checkpoint = failed ? folder : path.string(),
          .questions = fingerprint(questions),
          .max_tokens = options.max_tokens,
          .stop = options.stop,
          .chat = options.chat};
}

/// Asks a loaded model each question by itself, decoding greedily until an end token, one of `stop` or `max_tokens`. An
/// answer is right if its trimmed text equals the known answer. The known answer is scored as " answer" after the
/// prompt, with an end token if the model has one; if none is known, the prompt itself is scored. Progress and
/// evaluation call the variant `name`, the checkpoint `folder`. The session that answers has `hooks`; known answers
/// are scored by the model's logits, which a score hook changes and a logits hook does not. InvalidArgument if there is
/// no question, or naming one that does not fit into the context.
template <class B>
Evaluation evaluate(const LanguageModel<Traced<B>>& model, const std::string& folder,
                    std::span<const Question> questions, const EvaluateOptions& options = {},
                    std::string name = variant_name<B>(), Hooks<Traced<B>> hooks = {}) {
  if (questions.empty()) throw InvalidArgument("there is no question to ask");
  Session<Traced<B>> session = model.session({}, hooks);
  Evaluation evaluation{.variant = std::move(name),
                        .policies = policies_text<B>(model.shape()),
                        .asked = asked_of(folder, questions, options),
                        .conditions = conditions_now(model.limits().threads),
                        .devices = device_bytes(model.plan()),
                        .limits = model.limits()};
  ProgressSink silence;
  ProgressSink& progress = options.progress != nullptr ? *options.progress : silence;
  progress.begin(concat("asking ", evaluation.variant), questions.size(), ProgressUnit::items);
  for (const Question& question : questions) {
    try {
      evaluation.answers.push_back(detail::ask(session, question, options, evaluation));
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(concat("question ", question.id, ": ", error.what()));
    }
    progress.advance(evaluation.answers.size(), question.id);
  }
  progress.end();
  return evaluation;
}

/// Loads the checkpoint in `folder` under the policies of B, and asks it as above. Throws as `load`, too.
template <class B>
Evaluation evaluate(const std::string& folder, std::span<const Question> questions,
                    const LoadOptions& load_options = {}, const EvaluateOptions& options = {},
                    std::string name = variant_name<B>()) {
  if (questions.empty()) throw InvalidArgument("there is no question to ask");
  const LanguageModel<Traced<B>> model = load<Traced<B>>(folder, load_options);
  return evaluate<B>(model, folder, questions, options, std::move(name));
}

}  // namespace asterism::lab
