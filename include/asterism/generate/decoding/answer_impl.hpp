// Bodies of answer.hpp.
#pragma once

#include "asterism/generate/decoding/answer.hpp"

namespace asterism::generate {

ASTERISM_INLINE void Answer::begin(const GenerateOptions& options, Random random, const Prompt& prompt) {
  text_.reset();
  options_ = options;
  random_ = random;
  stats_ = {};
  stats_.usage.prompt_tokens = static_cast<std::int32_t>(prompt.tokens.size());
  stats_.usage.dropped_tokens = prompt.dropped_tokens;
  stats_.usage.dropped_turns = prompt.dropped_turns;
  scores_.clear();
  prompt_scores_.clear();
  begun_ = Clock::now();
  held_ = Held::none;
  told_near_limit_ = false;
}

ASTERISM_INLINE void Answer::begin_text(const text::Tokenizer& tokenizer, View<const TokenId> context) {
  text_.emplace(tokenizer, options_.stop, context);
  held_ = Held::all;
}

ASTERISM_INLINE void Answer::add_time(double seconds) {
  (stats_.usage.completion_tokens == 0 ? stats_.prefill_seconds : stats_.decode_seconds) += seconds;
}

ASTERISM_INLINE std::string_view Answer::add(TokenId token, bool is_end_token, const ContextUse& use) {
  const std::int32_t count = ++stats_.usage.completion_tokens;
  if (count == 1) stats_.seconds_to_first_token = std::chrono::duration<double>(Clock::now() - begun_).count();
  if (options_.near_limit && !told_near_limit_ && use.share() >= options_.near_limit_share) {
    told_near_limit_ = true;
    options_.near_limit(use);
  }
  if (is_end_token && options_.stop_at_eos) {
    end(FinishReason::eos);
    return {};
  }
  const std::string_view piece = text_ ? text_->push(token) : std::string_view();
  if (text_ && text_->stopped()) {
    end(FinishReason::stop_string);
  } else if (count == options_.max_tokens) {
    end(FinishReason::max_tokens);
  } else if (use.full()) {
    end(FinishReason::context_full);
  }
  return piece;
}

ASTERISM_INLINE void Answer::end(FinishReason reason) {
  if (!ended()) stats_.finish_reason = reason;
}

ASTERISM_INLINE std::string_view Answer::next_held() {
  if (held_ == Held::all) {
    held_ = Held::after_flush;
    if (!text_->stopped()) {
      const std::string_view piece = text_->flush();
      stop_at_string();
      if (!piece.empty()) return piece;
    }
  }
  if (held_ == Held::after_flush) {
    held_ = Held::none;
    return text_->finish();
  }
  return {};
}

}  // namespace asterism::generate
