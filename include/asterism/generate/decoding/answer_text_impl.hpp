// Bodies of answer_text.hpp.
#pragma once

#include "asterism/generate/decoding/answer_text.hpp"

namespace asterism::generate {

namespace detail {

/// True for a byte token, such as "<0x0A>". Ids beyond the tokenizer's, which the embedding may have, are not.
ASTERISM_INLINE bool is_byte(const text::Tokenizer& tokenizer, TokenId id) {
  if (static_cast<std::size_t>(id) >= tokenizer.vocabulary_size()) return false;
  const std::string_view text = tokenizer.id_to_token(id);
  return text.size() == 6 && text.starts_with("<0x") && text.ends_with('>');
}

}  // namespace detail

ASTERISM_INLINE AnswerText::AnswerText(const text::Tokenizer& tokenizer, const std::vector<std::string>& stop,
                                       View<const TokenId> context)
    : decoder_(tokenizer, {.skip_special_tokens = true}), stop_(stop) {
  // A run of byte tokens at the end of the context ends there: bytes of the answer do not change it.
  while (!context.empty() && detail::is_byte(tokenizer, context[context.size - 1])) {
    context = context.subview(0, context.size - 1);
  }
  for (const TokenId token : context) decoder_.push(token);
}

}  // namespace asterism::generate
