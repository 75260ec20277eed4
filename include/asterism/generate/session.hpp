// One conversation with a model.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/sampler.hpp"
#include "asterism/generate/sequence.hpp"
#include "asterism/generate/text_stream.hpp"
#include "asterism/linalg/softmax.hpp"
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
        sequence_(model),
        random_(options.seed),
        sampler_(static_cast<std::size_t>(model.shape().vocabulary)),
        logits_(static_cast<std::size_t>(model.shape().vocabulary)) {}

  /// The answer to a raw prompt as a range of pieces of text, computed while it is walked through. The tokenizer's
  /// own special tokens (such as `<s>`) are put before the prompt, and the pieces continue its text, leading space
  /// included. Pieces are never empty and never split a character; each is valid until the next one. `last()`
  /// tells what happened once the range has ended.
  TextStream<Session> generate(std::string_view prompt, GenerateOptions options = {}) & {
    begin_answer(model_->tokenizer().encode(prompt), options);
    return TextStream<Session>(*this, std::move(options), tokens());
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
    begin_answer(prompt, options);
    std::vector<TokenId> out;
    while (const std::optional<TokenId> token = next_token(options, answer_)) out.push_back(*token);
    return out;
  }

  /// Calls f(position, logits) for the positions of tokens from `first` on, in order; logits (vocabulary), valid
  /// during the call, are the scores of the token that follows. The tokens become the conversation; what it holds
  /// of those before `first` is not computed again. f can't run this session, nor others of the model.
  template <class F>
  void visit_logits(View<const TokenId> tokens, F&& f, std::size_t first = 0) {
    sequence_.check(*model_, tokens);
    sequence_.begin(tokens, first);
    ++answer_;
    while (sequence_.pending() > 0) {
      const std::size_t begin = sequence_.computed();
      const auto turn = model_->lock_workspace();
      const std::size_t rows = compute_chunk(turn.workspace());
      const std::size_t head_rows = turn.workspace().head().logits.rows();
      for (std::size_t row = first > begin ? first - begin : 0; row < rows; row += head_rows) {
        const std::size_t count = std::min(head_rows, rows - row);
        const auto logits =
            model_->network().logits(model_->devices(), turn.workspace(), row, count, sequence_.observer());
        for (std::size_t i = 0; i < count; ++i) {
          fetch(logits.rows_at(i, 1));
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
      if (position + 1 == this->tokens().size) return;
      const auto next = static_cast<double>(row[static_cast<std::size_t>(this->tokens()[position + 1])]);
      out.push_back(static_cast<float>(next - linalg::log_sum_exp(row)));
    };
    visit_logits(tokens, keep, first - 1);
    return out;
  }

  /// What is known of the last answer.
  const GenerationStats& last() const { return outcome_; }
  /// The conversation so far: the last prompt and its answer.
  View<const TokenId> tokens() const { return sequence_.tokens(); }
  /// What the model told while it ran; see Blueprint::Observer.
  const Observer& observer() const { return sequence_.observer(); }
  const LanguageModel<B>& model() const { return *model_; }
  /// Forgets the conversation, keeps the memory.
  void clear() {
    sequence_.clear();
    ++answer_;
  }

 private:
  friend class TextStream<Session>;
  using Segment = typename generate::Sequence<B>::Segment;
  using Workspace = typename LanguageModel<B>::Workspace;
  using Clock = std::chrono::steady_clock;

  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  void begin_answer(View<const TokenId> prompt, const GenerateOptions& options) {
    generate::Sampler::check(options);
    sequence_.check(*model_, prompt);
    started_ = Clock::now();
    outcome_ = {};
    sequence_.begin(prompt, prompt.size - 1);
    ++answer_;
    outcome_.usage.prompt_tokens = static_cast<std::int32_t>(prompt.size);
    outcome_.usage.cached_tokens = static_cast<std::int32_t>(sequence_.computed());
  }

  /// Computes the next tokens of the conversation, prefill_chunk at most; returns how many: 0 where it was
  /// cancelled.
  std::size_t compute_chunk(const Workspace& workspace, const std::stop_token& cancel = {}) {
    const std::size_t rows =
        std::min(sequence_.pending(), static_cast<std::size_t>(model_->limits().prefill_chunk));
    const Segment segment = sequence_.segment(rows);
    if (!model_->network().forward(model_->devices(), workspace, View<const Segment>(&segment, 1),
                                   sequence_.next(rows), cancel)) {
      return 0;
    }
    sequence_.advance(rows);
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
    sequence_.repeat_last();
    while (sequence_.pending() > 0) {
      const auto turn = model_->lock_workspace();
      const std::size_t rows = compute_chunk(turn.workspace(), options.cancel);
      if (rows == 0) return finish(FinishReason::cancelled);
      if (sequence_.pending() > 0) continue;
      fetch(model_->network().logits(model_->devices(), turn.workspace(), rows - 1, 1, sequence_.observer()));
    }
    const TokenId token = sampler_.choose(logits_, tokens(), options, random_);
    sequence_.append(token);
    if (++outcome_.usage.completion_tokens == 1) {
      outcome_.prefill_seconds = seconds_since(start);
      outcome_.seconds_to_first_token = seconds_since(started_);
    } else {
      outcome_.decode_seconds += seconds_since(start);
    }
    outcome_.finish_reason = sequence_.finish_reason(outcome_.usage.completion_tokens, options);
    return token;
  }

  std::nullopt_t finish(FinishReason reason) {
    outcome_.finish_reason = reason;
    return std::nullopt;
  }

  const LanguageModel<B>* model_;
  generate::Sequence<B> sequence_;
  Random random_;
  generate::Sampler sampler_;
  std::vector<float> logits_;
  std::uint64_t answer_ = 0;  ///< counts the uses of the conversation: a stream belongs to one of them
  GenerationStats outcome_;
  Clock::time_point started_;
};

}  // namespace asterism
