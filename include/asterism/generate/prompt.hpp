// The tokens of a prompt, cut to what a context has room for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/text/chat_template.hpp"

namespace asterism::generate {

/// What the model is given of a prompt.
struct Prompt {
  std::vector<TokenId> tokens;
  std::int32_t dropped_tokens = 0;  ///< of the prompt as given
  std::int32_t dropped_turns = 0;   ///< of a conversation
};

/// The most tokens of a prompt that fits: context + 1 - max_tokens, but at least half of these; with Truncation::refuse
/// the context. See GenerateOptions::truncation. context >= 1.
std::size_t room_of_prompt(const GenerateOptions& options, std::int32_t context);

/// `tokens` as options.truncation has it; the first `special` of them stay while any others do.
Prompt fit(std::vector<TokenId> tokens, std::size_t special, const GenerateOptions& options, std::int32_t context);

/// The conversation as options.truncation has it; `encode` gives the tokens of one, and is called O(log(messages))
/// times. Throws InvalidArgument if what has to stay exceeds the context, and as `encode` throws.
Prompt fit(View<const text::Message> messages,
           const std::function<std::vector<TokenId>(View<const text::Message>)>& encode,
           const GenerateOptions& options, std::int32_t context);

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/prompt_impl.hpp"
#endif
