// The decoding loop shared by sessions and batches: a step of the engine, then a token for each answer that it
// completes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/core/view.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/engine/step.hpp"
#include "asterism/generate/decoding/answer.hpp"
#include "asterism/generate/decoding/sampler.hpp"
#include "asterism/generate/decoding/token_score.hpp"
#include "asterism/generate/language_model.hpp"

namespace asterism::generate {

/// Decodes the answers of several sequences together. For each step: `clear`, `add` while there is room, `run`. Does
/// not allocate unless it holds more sequences than ever before. Not thread-safe.
template <class B>
class Decoding {
 public:
  using LogitsHook = HookPointer<typename B::LogitsHook>;

  explicit Decoding(const LanguageModel<B>& model)
      : model_(&model), step_(model.engine()), sampler_(static_cast<std::size_t>(model.shape().vocabulary)) {
    answers_.reserve(1);
  }

  void clear() {
    step_.clear();
    answers_.clear();
  }
  /// Number of tokens in it, at most limits.prefill_chunk.
  std::size_t size() const { return step_.size(); }

  /// Adds the pending tokens of a sequence, as many as there is room for, at most `most`. All must stay in place until
  /// `run` returns.
  void add(engine::Sequence<B>& sequence, Answer& answer, LogitsHook hook = {},
           std::size_t most = std::numeric_limits<std::size_t>::max()) {
    if (step_.add(sequence, most)) answers_.push_back({&sequence, &answer, hook});
  }

  /// Runs the step. Each answer whose sequence has nothing pending then gets a token: chosen(i, token, piece),
  /// with the text that it makes certain, for the i-th one added. Returns false if `cancel` was requested: nothing
  /// has changed. Throws as engine::Step::run and hooks; an answer whose hook throws or whose logits can't be sampled,
  /// and those after it, are left unchanged.
  template <class Chosen, class Refuse>
  bool run(Chosen&& chosen, Refuse&& refuse, const std::stop_token& cancel = {}) {
    const auto start = Answer::Clock::now();
    const auto computed = [&](std::size_t i, std::optional<View<float>> logits,
                              [[maybe_unused]] const auto& hidden) {
      const Entry& entry = answers_[i];
      TokenId token = 0;
      if (logits) {
        if constexpr (is_hook<typename B::LogitsHook>) {
          if (entry.hook != nullptr) entry.hook->adjust(hidden(), *logits);
        }
        try {
          token = choose(*logits, entry);
        } catch (const NumericError& error) {
          refuse(i, error);
          throw;
        }
      }
      entry.answer->add_time(std::chrono::duration<double>(Answer::Clock::now() - start).count());
      if (!logits) return;
      entry.sequence->append(token);
      const std::vector<TokenId>& ends = model_->end_tokens();
      const bool is_end = std::ranges::find(ends, token) != ends.end();
      const ContextUse use{.tokens = static_cast<std::int32_t>(entry.sequence->tokens().size),
                           .context = model_->limits().context};
      chosen(i, token, entry.answer->add(token, is_end, use));
    };
    return step_.run(computed, refuse, cancel);
  }

  /// Runs the step of the one sequence in it, which has tokens of its prompt but the last, and gives its answer the
  /// scores of those that follow them. Throws as engine::Step::run, and NumericError where a token has no probability;
  /// then the answer can't go on.
  void run_scores() {
    const auto start = Answer::Clock::now();
    const Entry& entry = answers_.front();
    const std::size_t first = entry.sequence->computed();
    const auto count = static_cast<std::size_t>(entry.answer->options().top_logprobs.value_or(0));
    step_.run_all_rows(0, [&](std::size_t row, View<const float> logits) {
      const TokenId next = entry.sequence->tokens()[first + row + 1];
      entry.answer->add_prompt_score(score_of(logits, next, count));
    });
    entry.answer->add_time(std::chrono::duration<double>(Answer::Clock::now() - start).count());
  }

 private:
  struct Entry {
    engine::Sequence<B>* sequence;
    Answer* answer;
    [[no_unique_address]] LogitsHook hook;
  };

  TokenId choose(View<float> logits, const Entry& entry) {
    const GenerateOptions& options = entry.answer->options();
    if (options.top_logprobs) own_logits_.assign(logits.begin(), logits.end());
    const AnswerSoFar answer{.tokens = static_cast<std::size_t>(entry.answer->stats().usage.completion_tokens),
                             .end_tokens = model_->end_tokens()};
    const TokenId token =
        sampler_.choose(logits, entry.sequence->tokens(), options, entry.answer->random(), answer);
    if (options.top_logprobs) {
      entry.answer->add_score(score_of(own_logits_, token, static_cast<std::size_t>(*options.top_logprobs)));
    }
    return token;
  }

  const LanguageModel<B>* model_;
  engine::Step<B> step_;
  Sampler sampler_;
  std::vector<Entry> answers_;
  std::vector<float> own_logits_;  ///< the model's, of the token that is chosen; empty until scores are asked for
};

}  // namespace asterism::generate
