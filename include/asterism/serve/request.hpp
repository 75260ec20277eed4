// Requests of OpenAI's API, read from their JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/serve/error.hpp"
#include "asterism/text/chat_template.hpp"

namespace asterism::serve {

/// What one request may ask for.
struct RequestLimits {
  std::int32_t choices = 16;         ///< `n` times the number of prompts
  std::int32_t vocabulary = 0;       ///< ids of prompts and of logit_bias are below it
  std::size_t max_values = 200'000;  ///< of its JSON; each may take 200 bytes for a moment
};

/// A prompt of /v1/completions: text, or ids as they are.
using PromptInput = std::variant<std::string, std::vector<TokenId>>;

/// A request of /v1/chat/completions or /v1/completions.
struct CompletionRequest {
  bool is_chat = false;
  std::string model{};
  std::vector<text::Message> messages{};  ///< of a chat
  std::vector<PromptInput> prompts{};     ///< else; one or more
  std::int32_t choices = 1;               ///< `n`: answers to each prompt
  bool stream = false;
  bool include_usage = false;          ///< the stream ends with the counts of tokens
  bool echo = false;                   ///< the answer begins with the prompt
  bool answer_nothing = false;         ///< max_tokens was 0, which goes with echo: options.max_tokens is 1
  std::optional<std::int64_t> seed{};  ///< of the first choice; the next ones count on
  bool limits_tokens = false;          ///< options.max_tokens is the request's
  GenerateOptions options{};           ///< the base with what the request says; max_tokens of 16 for a completion
};

/// Fields that mean nothing here and are read over: names of users, what is kept, tiers of service.
View<const std::string_view> ignored_fields();

/// Reads a body. `base`: what counts where a field is absent or null. Strict: a field that is unknown, wrong or asks
/// for what is not implemented is an ApiError of status 400 that names it. Thread-safe.
/// Fields besides OpenAI's: top_k, min_p, repetition_penalty, min_new_tokens, exponential_decay_length_penalty.
/// Source: OpenAI API reference, chat completions and (legacy) completions.
CompletionRequest parse_chat_request(std::string_view body, const GenerateOptions& base,
                                     const RequestLimits& limits);
CompletionRequest parse_completion_request(std::string_view body, const GenerateOptions& base,
                                           const RequestLimits& limits);

}  // namespace asterism::serve

#if !defined(ASTERISM_COMPILED)
#include "asterism/serve/request_impl.hpp"
#endif
