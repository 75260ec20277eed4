// One conversation with a model.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/sampler.hpp"
#include "asterism/generate/text_stream.hpp"
#include "asterism/linalg/softmax.hpp"
#include "asterism/model/workspace.hpp"
#include "asterism/text/chat_template.hpp"

namespace asterism {

/// Caches, tokens and draws of one conversation. Prompts that begin as the conversation so far reuse what has been
/// computed. Everything is drawn in the constructor; while an answer is generated, nothing is allocated after its
/// first token. For one thread at a time; the model must outlive it.
template <class B>
class Session {
 public:
  using Observer = typename B::Observer;

  /// Throws BudgetExceeded where the devices have no room for one more session.
  Session(const LanguageModel<B>& model, SessionOptions options)
      : model_(&model),
        state_(std::make_unique<State>(model.devices(), model.plan(), model.shape(), model.limits())),
        observer_(make_observer(model.shape())),
        random_(options.seed),
        sampler_(static_cast<std::size_t>(model.shape().vocabulary)),
        logits_(static_cast<std::size_t>(model.shape().vocabulary)) {
    tokens_.reserve(static_cast<std::size_t>(model.limits().context) + 1);
  }

  /// The answer to a raw prompt as a range of pieces of text, computed while it is walked through. The tokenizer's
  /// own special tokens (such as <s>) are put before the prompt, and the pieces continue its text, leading space
  /// included. Pieces are never empty and never split a character; each is valid until the next one. `last()`
  /// tells what happened once the range has ended.
  TextStream<Session> generate(std::string_view prompt, GenerateOptions options = {}) & {
    begin_answer(model_->tokenizer().encode(prompt), options);
    return TextStream<Session>(*this, std::move(options), tokens_);
  }

  /// The answer to a conversation in the checkpoint's chat template; the roles are those that the template knows.
  /// Throws Unsupported where the template is not one that the toolkit knows.
  TextStream<Session> chat(View<const text::Message> messages, GenerateOptions options = {}) & {
    const std::string prompt = model_->chat_template().render(messages);
    begin_answer(model_->tokenizer().encode(prompt, {.add_special_tokens = false}), options);
    return TextStream<Session>(*this, std::move(options), {});
  }

  /// The answer to token ids as token ids, an end token included.
  std::vector<TokenId> generate_tokens(View<const TokenId> prompt, const GenerateOptions& options = {}) {
    begin_answer({prompt.begin(), prompt.end()}, options);
    std::vector<TokenId> out;
    while (const std::optional<TokenId> token = next_token(options, answer_)) out.push_back(*token);
    return out;
  }

  /// Calls f(position, logits) for the positions of tokens from `first` on, in order; logits (vocabulary), valid
  /// during the call, are the scores of the token that follows. The tokens become the conversation; what it holds
  /// of those before `first` is not computed again.
  template <class F>
  void visit_logits(View<const TokenId> tokens, F&& f, std::size_t first = 0) {
    check_prompt(tokens);
    const std::vector<TokenId> copy(tokens.begin(), tokens.end());  // `tokens` may be the conversation itself
    computed_ = std::min(first, common_prefix(copy));
    tokens_.assign(copy.begin(), copy.end());
    ++answer_;
    const auto head_rows = state_->head().logits.rows();
    while (computed_ < tokens_.size()) {
      const std::size_t begin = computed_;
      const std::size_t rows = forward_chunk();
      for (std::size_t row = first > begin ? first - begin : 0; row < rows; row += head_rows) {
        const std::size_t count = std::min(head_rows, rows - row);
        const auto logits = model_->network().logits(model_->devices(), *state_, row, count, observer_);
        for (std::size_t i = 0; i < count; ++i) {
          fetch(logits.rows_from(i, 1));
          f(begin + row + i, View<const float>(logits_));
        }
      }
    }
  }

  /// Logits (tokens, vocabulary), row-major.
  std::vector<float> logits(View<const TokenId> tokens) {
    std::vector<float> out;
    out.reserve(tokens.size * logits_.size());
    visit_logits(tokens,
                 [&](std::size_t, View<const float> row) { out.insert(out.end(), row.begin(), row.end()); });
    return out;
  }

  /// Natural logarithms of the probability of each token from tokens[first] on, given those before it:
  /// tokens.size - first values; first >= 1.
  std::vector<float> log_probabilities(View<const TokenId> tokens, std::size_t first = 1) {
    if (first < 1) throw InvalidArgument("the first token has no probability: nothing stands before it");
    std::vector<float> out;
    const auto keep = [&](std::size_t position, View<const float> row) {
      if (position + 1 == tokens_.size()) return;
      const auto next = static_cast<double>(row[static_cast<std::size_t>(tokens_[position + 1])]);
      out.push_back(static_cast<float>(next - linalg::log_sum_exp(row)));
    };
    visit_logits(tokens, keep, first - 1);
    return out;
  }

  /// What is known of the last answer.
  const Outcome& last() const { return outcome_; }
  /// The conversation so far: the last prompt and its answer.
  View<const TokenId> tokens() const { return tokens_; }
  /// What the model told while it ran; see Blueprint::Observer.
  const Observer& observer() const { return observer_; }
  const LanguageModel<B>& model() const { return *model_; }
  /// Forgets the conversation, keeps the memory.
  void clear() {
    tokens_.clear();
    computed_ = 0;
    ++answer_;
  }

 private:
  friend class TextStream<Session>;
  using State = typename model::Assembly<B>::State;
  using Clock = std::chrono::steady_clock;

  static Observer make_observer(const Shape& shape) {
    if constexpr (std::constructible_from<Observer, std::int32_t, std::int32_t, std::int32_t>) {
      return Observer(shape.layers, shape.experts, shape.top_k);
    } else if constexpr (std::constructible_from<Observer, std::int32_t, std::int32_t>) {
      return Observer(shape.layers, shape.experts);
    } else {
      return Observer();
    }
  }

  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  void check_prompt(View<const TokenId> prompt) const {
    if (prompt.empty()) throw InvalidArgument("the prompt has no tokens; give at least one");
    if (prompt.size > static_cast<std::size_t>(model_->limits().context)) {
      throw InvalidArgument(concat("the prompt has ", prompt.size, " tokens, the context holds ",
                                   model_->limits().context, ": shorten it or raise Limits::context"));
    }
    for (std::size_t i = 0; i < prompt.size; ++i) {
      if (prompt[i] >= 0 && prompt[i] < model_->shape().vocabulary) continue;
      throw InvalidArgument(concat("token ", i, " of the prompt has the id ", prompt[i],
                                   ", outside the vocabulary of ", model_->shape().vocabulary, " entries"));
    }
  }

  /// How many tokens the caches hold of those that `tokens` begins with.
  std::size_t common_prefix(View<const TokenId> tokens) const {
    std::size_t common = 0;
    while (common < computed_ && common < tokens.size && tokens_[common] == tokens[common]) ++common;
    return common;
  }

  void begin_answer(std::vector<TokenId> prompt, const GenerateOptions& options) {
    generate::Sampler::check(options);
    check_prompt(prompt);
    started_ = Clock::now();
    outcome_ = {};
    computed_ = std::min(common_prefix(prompt), prompt.size() - 1);
    tokens_.assign(prompt.begin(), prompt.end());
    ++answer_;
    outcome_.usage.prompt_tokens = static_cast<std::int32_t>(tokens_.size());
    outcome_.usage.reused_tokens = static_cast<std::int32_t>(computed_);
  }

  /// Computes the next tokens of the conversation, prefill_chunk at most; returns how many: 0 where it was
  /// cancelled.
  std::size_t forward_chunk(const std::stop_token& cancel = {}) {
    const std::size_t rows =
        std::min(tokens_.size() - computed_, static_cast<std::size_t>(model_->limits().prefill_chunk));
    const View<const TokenId> chunk = View<const TokenId>(tokens_).part(computed_, rows);
    if (!model_->network().forward(model_->devices(), *state_, chunk, computed_, observer_, cancel)) return 0;
    computed_ += rows;
    return rows;
  }

  void fetch(backend::DeviceMatrix<const float> row) {
    const auto device = static_cast<std::size_t>(model_->plan().head_device());
    model_->devices()[device]->download(row, MatrixView<float>(logits_.data(), 1, logits_.size()));
  }

  /// The next token of an answer; nothing when it has ended, for the reason in `last()`. Throws InvalidArgument
  /// where the session has gone on to something else since that answer began.
  std::optional<TokenId> next_token(const GenerateOptions& options, std::uint64_t answer) {
    if (answer != answer_) {
      throw InvalidArgument("this answer was broken off: the session was cleared or has begun something else");
    }
    if (outcome_.finish_reason != FinishReason::none) return std::nullopt;
    const Clock::time_point start = Clock::now();
    std::size_t rows = 0;
    computed_ = std::min(computed_, tokens_.size() - 1);  // where an exception broke off the last attempt
    while (computed_ < tokens_.size()) {
      rows = forward_chunk(options.cancel);
      if (rows == 0) return finish(FinishReason::cancelled);
    }
    fetch(model_->network().logits(model_->devices(), *state_, rows - 1, 1, observer_));
    const TokenId token = sampler_.choose(logits_, tokens_, options, random_);
    tokens_.push_back(token);
    if (++outcome_.usage.answer_tokens == 1) {
      outcome_.prefill_seconds = seconds_since(start);
      outcome_.seconds_to_first_token = seconds_since(started_);
    } else {
      outcome_.decode_seconds += seconds_since(start);
    }
    if (options.stop_at_eos && std::ranges::find(model_->end_tokens(), token) != model_->end_tokens().end()) {
      outcome_.finish_reason = FinishReason::eos;
    } else if (outcome_.usage.answer_tokens == options.max_tokens) {
      outcome_.finish_reason = FinishReason::max_tokens;
    } else if (tokens_.size() == static_cast<std::size_t>(model_->limits().context) + 1) {
      outcome_.finish_reason = FinishReason::context_full;
    }
    return token;
  }

  std::nullopt_t finish(FinishReason reason) {
    outcome_.finish_reason = reason;
    return std::nullopt;
  }

  const LanguageModel<B>* model_;
  std::unique_ptr<State> state_;
  Observer observer_;
  Random random_;
  generate::Sampler sampler_;
  std::vector<float> logits_;
  std::vector<TokenId> tokens_;
  std::size_t computed_ = 0;  ///< tokens_ [0, computed_) are in the caches
  std::uint64_t answer_ = 0;  ///< counts the uses of the conversation: a stream belongs to one of them
  Outcome outcome_;
  Clock::time_point started_;
};

}  // namespace asterism
