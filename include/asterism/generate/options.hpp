// Options of one answer, and its statistics afterwards.
#pragma once

#include <cstdint>
#include <limits>
#include <ostream>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"

namespace asterism {

/// How tokens are chosen and when an answer ends. Filters are applied in the order of Hugging Face's generate:
/// repetition penalty, temperature, top-k, top-p, min-p.
struct GenerateOptions {
  float temperature = 0;   ///< 0: always the most probable token; else up to 1e6, and the filters below apply
  std::int32_t top_k = 0;  ///< keep the k best tokens and ties with the k-th; 0: all
  float top_p = 1;         ///< keep the smallest set whose probability reaches top_p; in (0, 1]
  float min_p = 0;         ///< drop tokens less probable than min_p times the best; in [0, 1]
  float repetition_penalty = 1;  ///< 1e-6 to 1e6; above 1 penalises tokens that occurred; also without sampling
  std::int32_t max_tokens = 256;    ///< maximum tokens of the answer; it also ends when the context is full
  std::vector<std::string> stop{};  ///< texts that end the answer and are not part of it; none may be empty
  bool stop_at_eos = true;          ///< end at any of the model's end tokens
  std::stop_token cancel{};         ///< checked before each token
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
  std::int32_t prompt_tokens = 0;  ///< tokens of the prompt
  std::int32_t cached_tokens = 0;  ///< of these, reused from the conversation so far
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

/// "12 prompt tokens (5 reused), 1 answer token".
inline std::string to_string(const Usage& usage) {
  const auto ending = [](std::int32_t count) { return count == 1 ? "" : "s"; };
  return concat(usage.prompt_tokens, " prompt token", ending(usage.prompt_tokens), " (", usage.cached_tokens,
                " reused), ", usage.completion_tokens, " answer token", ending(usage.completion_tokens));
}

inline std::ostream& operator<<(std::ostream& out, const Usage& usage) { return out << to_string(usage); }

}  // namespace asterism
