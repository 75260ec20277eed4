// The decoding loop shared by sessions and batches: a step of the engine, then a token for each answer that it
// completes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
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

  /// Adds the pending tokens of a sequence, as many as there is room for. All must stay in place until `run` returns.
  void add(engine::Sequence<B>& sequence, Answer& answer, LogitsHook hook = {}) {
    if (step_.add(sequence)) answers_.push_back({&sequence, &answer, hook});
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
          token =
              sampler_.choose(*logits, entry.sequence->tokens(), entry.answer->options(), entry.answer->random());
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

 private:
  struct Entry {
    engine::Sequence<B>* sequence;
    Answer* answer;
    [[no_unique_address]] LogitsHook hook;
  };

  const LanguageModel<B>* model_;
  engine::Step<B> step_;
  Sampler sampler_;
  std::vector<Entry> answers_;
};

}  // namespace asterism::generate
