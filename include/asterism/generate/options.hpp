// Options of one answer, and its statistics afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"

namespace asterism {

/// What becomes of a prompt that does not fit. It fits if it leaves the context room for max_tokens; but half of the
/// context is always the prompt's. The tokenizer's special tokens at its beginning stay, and so do, of a conversation,
/// the system's messages, what stands before the first user's, and the last turn: a user's message and what follows up
/// to the next user's. Usage counts what went.
enum class Truncation : std::uint8_t {
  refuse,         ///< nothing is left out; InvalidArgument where the prompt exceeds the context
  keep_end,       ///< the oldest tokens go; of a conversation, whole turns, the oldest first
  keep_both_ends  ///< the tokens in the middle go; of a conversation, whole turns, the oldest first after the first one
};

/// How full a conversation is.
struct ContextUse {
  std::int32_t tokens = 0;   ///< of the prompt and of the answer so far
  std::int32_t context = 0;  ///< Limits::context: the tokens that caches have room for; the last one needs none

  constexpr double share() const { return static_cast<double>(tokens) / context; }
  constexpr bool full() const { return tokens > context; }
};

/// Added to the logit of one token.
struct LogitBias {
  TokenId id = 0;
  float bias = 0;  ///< -100 to 100
};

/// Raises the logits x of the end tokens, so that an answer ends sooner or later: by |x| * (factor^n - 1) for the n-th
/// token after the first `start` of the answer. Source: transformers, `ExponentialDecayLengthPenalty`.
struct LengthDecay {
  std::int32_t start = 0;  ///< 0 or more
  float factor = 1;        ///< 1 to 1e6
};

/// How tokens are chosen and when an answer ends. Logits are changed and filtered in the order of Hugging Face's
/// generate: bias, repetition penalty, presence and frequency penalty, shortest answer, length decay, temperature,
/// top-k, top-p, min-p.
struct GenerateOptions {
  float temperature = 0;   ///< 0: always the most probable token; else up to 1e6, and the filters below apply
  std::int32_t top_k = 0;  ///< keep the k best tokens and ties with the k-th; 0: all
  float top_p = 1;         ///< keep the smallest set whose probability reaches top_p; in (0, 1]
  float min_p = 0;         ///< drop tokens less probable than min_p times the best; in [0, 1]
  float repetition_penalty = 1;  ///< 1e-6 to 1e6; above 1 penalises tokens that occurred; also without sampling
  float presence_penalty =
      0;  ///< -2 to 2: taken from the logit of each token that the answer has; as OpenAI's API
  float frequency_penalty = 0;          ///< -2 to 2: the same, times how often it has it
  std::vector<LogitBias> logit_bias{};  ///< also without sampling, as all that stands above it
  std::int32_t min_new_tokens = 0;  ///< no end token is drawn before the answer has that many; at most max_tokens
  std::optional<LengthDecay> exponential_decay_length_penalty{};
  std::int32_t max_tokens = 256;    ///< maximum tokens of the answer; it also ends when the context is full
  std::vector<std::string> stop{};  ///< texts that end the answer and are not part of it; none may be empty
  bool stop_at_eos = true;          ///< end at any of the model's end tokens
  std::stop_token cancel{};         ///< checked before each token
  Truncation truncation = Truncation::refuse;  ///< of a prompt that does not fit
  /// Called once an answer, by the thread that runs the model, after the token with which the conversation has at least
  /// `near_limit_share` of the context; must not throw, nor use the session or ask the model for its reports.
  std::function<void(const ContextUse&)> near_limit{};
  double near_limit_share = 0.8;
  /// 0 to 20: each token's log probability, and those of that many best ones, by the softmax of the model's own logits,
  /// before anything above changes them; none: not asked for.
  std::optional<std::int32_t> top_logprobs{};
  bool prompt_logprobs =
      false;  ///< of the prompt's tokens too, with top_logprobs; batches alone, without a logits hook
};

/// Why an answer ended.
enum class FinishReason : std::uint8_t { none, eos, stop_string, max_tokens, context_full, cancelled };

constexpr std::string_view name_of(FinishReason reason) {
  constexpr std::string_view names[] = {"not finished", "end of text",  "stop string",
                                        "token limit",  "context full", "cancelled"};
  return names[static_cast<std::size_t>(reason)];
}

/// Token counts of a call.
struct Usage {
  std::int32_t prompt_tokens = 0;  ///< tokens of the prompt, without those left out
  std::int32_t cached_tokens = 0;  ///< of these, reused from the conversation so far
  /// Of these, known from the conversation so far and computed again, since caches and states did not go back to where
  /// the prompt differs.
  std::int32_t recomputed_tokens = 0;
  std::int32_t dropped_tokens = 0;     ///< tokens of the prompt as given that GenerateOptions::truncation left out
  std::int32_t dropped_turns = 0;      ///< of a conversation: whole turns that it left out
  std::int32_t completion_tokens = 0;  ///< tokens chosen, including an end token
};

/// Statistics of an answer that has ended.
struct GenerationStats {
  FinishReason finish_reason = FinishReason::none;
  Usage usage{};
  double seconds_to_first_token = 0;  ///< from the call to the first token's choice
  double prefill_seconds = 0;         ///< in the passes over the prompt
  double decode_seconds = 0;          ///< in the passes for the tokens after the first

  /// Prompt tokens computed per second; 0 if none was.
  double prefill_speed() const {
    const double tokens = usage.prompt_tokens - usage.cached_tokens;
    return prefill_seconds > 0 ? tokens / prefill_seconds : 0;
  }
  /// Tokens per second after the first one; 0 if there was none.
  double decode_speed() const { return decode_seconds > 0 ? (usage.completion_tokens - 1) / decode_seconds : 0; }
};

inline std::ostream& operator<<(std::ostream& out, FinishReason reason) { return out << name_of(reason); }

/// "12 prompt tokens (5 reused), 1 answer token"; and, where there were any, "3 computed again", "40 left out".
inline std::string to_string(const Usage& usage) {
  const auto ending = [](std::int32_t count) { return count == 1 ? "" : "s"; };
  std::string text = concat(usage.prompt_tokens, " prompt token", ending(usage.prompt_tokens), " (",
                            usage.cached_tokens, " reused");
  if (usage.recomputed_tokens > 0) text += concat(", ", usage.recomputed_tokens, " computed again");
  if (usage.dropped_tokens > 0) text += concat(", ", usage.dropped_tokens, " left out");
  if (usage.dropped_turns > 0) text += concat(" with ", usage.dropped_turns, " turn", ending(usage.dropped_turns));
  return concat(text, "), ", usage.completion_tokens, " answer token", ending(usage.completion_tokens));
}

inline std::ostream& operator<<(std::ostream& out, const Usage& usage) { return out << to_string(usage); }

}  // namespace asterism
