// One answer in progress: its options, random draws, text and statistics.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/decoding/answer_text.hpp"
#include "asterism/generate/decoding/token_score.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/prompt.hpp"
#include "asterism/text/fwd.hpp"

namespace asterism::generate {

/// The state of an answer, used by a session and by each request of a batch. It returns text piece by piece: the
/// results of `add`, then those of `next_held` until that is empty; pieces are valid until the next call. Neither
/// copyable nor movable once it has text, which refers to its options.
class Answer {
 public:
  using Clock = std::chrono::steady_clock;

  Answer() = default;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  /// Starts a new answer. Without `tokenizer` there is no text; `context` holds the tokens whose text the answer
  /// continues.
  void begin(const GenerateOptions& options, Random random, const Prompt& prompt);
  void begin_text(const text::Tokenizer& tokenizer, View<const TokenId> context);

  const GenerateOptions& options() const { return options_; }
  Random& random() { return random_; }
  const GenerationStats& stats() const { return stats_; }
  bool ended() const { return stats_.finish_reason != FinishReason::none; }
  /// With GenerateOptions::top_logprobs: of each token of the answer.
  View<const TokenScore> scores() const { return scores_; }
  /// With GenerateOptions::prompt_logprobs: of each token of the prompt after the first.
  View<const TokenScore> prompt_scores() const { return prompt_scores_; }

  void add_score(TokenScore score) { scores_.push_back(std::move(score)); }
  void add_prompt_score(TokenScore score) { prompt_scores_.push_back(std::move(score)); }

  /// Of the prompt's tokens that the conversation knew: how many are not computed again, and how many are.
  void set_known(std::size_t cached, std::size_t again) {
    stats_.usage.cached_tokens = static_cast<std::int32_t>(cached);
    stats_.usage.recomputed_tokens = static_cast<std::int32_t>(again);
  }
  /// Adds the seconds of a step that included tokens of this answer.
  void add_time(double seconds);
  /// Appends a token; `is_end_token`: it is one of the model's end tokens; `use`: of the context, with it. Returns the
  /// text that it makes certain, possibly empty; may end the answer.
  std::string_view add(TokenId token, bool is_end_token, const ContextUse& use);
  /// Ends the answer; no effect if it has ended.
  void end(FinishReason reason);
  /// After the end: the text that was held back, piece by piece; empty when nothing is left.
  std::string_view next_held();

 private:
  enum class Held : std::uint8_t { all, after_flush, none };

  void stop_at_string() {
    if (text_->stopped()) stats_.finish_reason = FinishReason::stop_string;
  }

  GenerateOptions options_;
  Random random_{0};
  GenerationStats stats_;
  std::vector<TokenScore> scores_;
  std::vector<TokenScore> prompt_scores_;
  Clock::time_point begun_;
  std::optional<AnswerText> text_;
  Held held_ = Held::none;  ///< what text_ still holds back
  bool told_near_limit_ = false;
};

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/decoding/answer_impl.hpp"
#endif
