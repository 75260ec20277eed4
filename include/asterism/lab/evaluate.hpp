// Asks a model questions whose answers are known, and counts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/lab/expert_usage.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/lab/routing_trace.hpp"
#include "asterism/lab/score.hpp"
#include "asterism/observe/trace.hpp"
#include "asterism/placement/parts.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/text/chat_template.hpp"

namespace asterism::lab {

/// How questions are asked.
struct EvaluateOptions {
  std::int32_t max_tokens = 32;         ///< of an answer
  std::vector<std::string> stop{"\n"};  ///< texts that end an answer
  bool chat = false;                    ///< each prompt is a user's turn in the checkpoint's chat template
  ProgressSink* progress = nullptr;     ///< hears of each question
  std::stop_token cancel{};             ///< asked before each token; evaluating then throws Error
  RoutingTrace* trace = nullptr;        ///< receives a sequence for each question: its tokens and answer
};

/// What a model made of one question.
struct Answer {
  std::string text;               ///< the answer that it gave, trimmed
  bool right = false;             ///< the text equals the known answer
  double log_probability = 0;     ///< natural logarithm of the known answer's probability, its end token included
  std::int32_t known_tokens = 0;  ///< tokens of the known answer, its end token included
};

/// What one variant made of a set of questions.
struct Evaluation {
  std::string variant{};  ///< formats of its weights
  Bytes weights{};        ///< of the model's weights, with scales
  std::int32_t threads = 0;
  std::vector<Answer> answers{};                             ///< (questions)
  std::vector<std::pair<std::string, ExpertUsage>> usage{};  ///< by kind of question, in order of appearance
  std::uint64_t prompt_tokens = 0;                           ///< computed before first tokens, in prefill_seconds
  std::uint64_t answer_tokens = 0;                           ///< computed after first tokens, in decode_seconds
  double prefill_seconds = 0;
  double decode_seconds = 0;

  /// Tokens a second; 0 where there was none.
  double prefill_speed() const {
    return prefill_seconds > 0 ? static_cast<double>(prompt_tokens) / prefill_seconds : 0;
  }
  double decode_speed() const {
    return decode_seconds > 0 ? static_cast<double>(answer_tokens) / decode_seconds : 0;
  }

  /// The use of experts over all kinds of questions.
  ExpertUsage all_usage() const {
    ExpertUsage all(usage.front().second.layers(), usage.front().second.experts());
    for (const auto& [kind, counts] : usage) all.add(counts);
    return all;
  }

  /// Right answers to the questions for which `wanted(question)` is true. `questions` are those that were asked.
  template <class Wanted>
  Score score(std::span<const Question> questions, const Wanted& wanted) const {
    Score score;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (wanted(questions[i])) score.count(answers[i].right);
    }
    return score;
  }

  /// exp of the mean negative log probability of the known answers' tokens, of the questions for which
  /// `wanted(question)` is true; 1 where there is none.
  template <class Wanted>
  double perplexity(std::span<const Question> questions, const Wanted& wanted) const {
    double sum = 0;
    std::int64_t tokens = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!wanted(questions[i])) continue;
      sum -= answers[i].log_probability;
      tokens += answers[i].known_tokens;
    }
    return tokens == 0 ? 1 : std::exp(sum / static_cast<double>(tokens));
  }
};

/// The variant B, with an observer that remembers routes.
template <class B>
struct Traced : B {
  using Observer = observe::Trace;
};

namespace detail {

/// Bytes of everything but caches and workspace.
inline Bytes weight_bytes(const placement::Plan& plan) {
  Bytes sum{};
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    sum += plan.peak(d) - plan.bytes(d, placement::Kind::kv_cache) - plan.bytes(d, placement::Kind::workspace);
  }
  return sum;
}

inline ExpertUsage& usage_of(Evaluation& evaluation, const std::string& kind, const Shape& shape) {
  for (auto& [name, usage] : evaluation.usage) {
    if (name == kind) return usage;
  }
  return evaluation.usage.emplace_back(kind, ExpertUsage(shape.layers, shape.experts)).second;
}

/// Weighs the known answer: " answer" behind the prompt, and the end token, where the model has one. What the session's conversation shares
/// with it is not computed again.
template <class B>
void weigh(Session<B>& session, const std::string& prompt, bool chat, const Question& question, Answer& answer) {
  const LanguageModel<B>& model = session.model();
  const auto asked = model.tokenizer().encode(prompt, {.add_special_tokens = !chat});
  auto answered = model.tokenizer().encode(prompt + " " + question.answer, {.add_special_tokens = !chat});
  const auto shared = std::ranges::mismatch(asked, answered).in2 - answered.begin();
  const std::size_t first = std::max<std::size_t>(1, static_cast<std::size_t>(shared));
  if (!model.end_tokens().empty()) answered.push_back(model.end_tokens().front());
  for (const float value : session.log_probabilities(answered, first)) {
    answer.log_probability += double{value};
    ++answer.known_tokens;
  }
}

/// Lets the session answer, and weighs the known answer.
template <class B>
Answer ask(Session<B>& session, const Question& question, const EvaluateOptions& options, Evaluation& evaluation) {
  const GenerateOptions generate{.max_tokens = options.max_tokens, .stop = options.stop, .cancel = options.cancel};
  const std::vector<text::Message> turn = {{"user", question.prompt}};
  const std::string prompt = options.chat ? session.model().chat_template().render(turn) : question.prompt;
  Answer answer;
  auto pieces = options.chat ? session.chat(turn, generate) : session.generate(prompt, generate);
  for (const std::string_view piece : pieces) answer.text += piece;
  const Outcome& last = session.last();
  if (last.finish_reason == FinishReason::cancelled) throw Error("interrupted: not all questions were asked");
  answer.text = std::string(trimmed(answer.text));
  answer.right = answer.text == question.answer;
  evaluation.prompt_tokens += static_cast<std::uint64_t>(last.usage.prompt_tokens - last.usage.reused_tokens);
  evaluation.answer_tokens += static_cast<std::uint64_t>(std::max(last.usage.answer_tokens - 1, 0));
  evaluation.prefill_seconds += last.prefill_seconds;
  evaluation.decode_seconds += last.decode_seconds;
  usage_of(evaluation, question.kind, session.model().shape()).add(session.observer());
  if (options.trace != nullptr) {
    options.trace->append(question.id, static_cast<std::size_t>(last.usage.prompt_tokens), session.tokens(),
                          session.observer());
  }
  weigh(session, prompt, options.chat, question, answer);
  return answer;
}

}  // namespace detail

/// Loads the checkpoint in `folder` under the policies of B and asks it each question by itself: the most probable
/// token, until an end token, one of `stop` or `max_tokens`. An answer is right where its text without the blanks
/// around it is the known answer. The known answer is weighed as " answer" behind the prompt, with an end token
/// where the model has one. Throws what `load` throws, and InvalidArgument where there is no question, or naming
/// one that the context does not hold.
template <class B>
Evaluation evaluate(const std::string& folder, std::span<const Question> questions,
                    const LoadOptions& load_options = {}, const EvaluateOptions& options = {}) {
  if (questions.empty()) throw InvalidArgument("there is no question to ask");
  const LanguageModel<Traced<B>> model = load<Traced<B>>(folder, load_options);
  Session<Traced<B>> session = model.session();
  Evaluation evaluation{.variant = B::Quantization::name(),
                        .weights = detail::weight_bytes(model.plan()),
                        .threads = model.limits().threads};
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

}  // namespace asterism::lab
