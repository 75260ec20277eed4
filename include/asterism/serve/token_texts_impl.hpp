// Bodies of token_texts.hpp.
#pragma once

#include <string_view>

#include "asterism/core/format.hpp"
#include "asterism/serve/token_texts.hpp"

namespace asterism::serve {

ASTERISM_INLINE TokenTexts::TokenTexts(const text::Tokenizer& tokenizer, View<const TokenId> context)
    : tokenizer_(&tokenizer), decoder_(tokenizer, {.skip_special_tokens = true}) {
  for (const TokenId id : context) decoder_.push(id);
}

ASTERISM_INLINE std::string TokenTexts::spelt(TokenId id, std::string_view text) const {
  if (!text.empty() || static_cast<std::size_t>(id) >= tokenizer_->vocabulary_size()) return std::string(text);
  return std::string(tokenizer_->id_to_token(id));
}

ASTERISM_INLINE ShownToken TokenTexts::add(TokenId id) {
  const std::string_view text = decoder_.push(id);
  ShownToken shown{.text = spelt(id, text), .offset = offset_};
  offset_ += columns(text);
  return shown;
}

ASTERISM_INLINE ShownToken TokenTexts::add(const TokenScore& score) {
  std::vector<ShownAlternative> best;
  for (const TokenLogProbability& one : score.best) {
    text::StreamDecoder instead = decoder_;
    best.push_back({spelt(one.id, instead.push(one.id)), one.log_probability});
  }
  ShownToken shown = add(score.id);
  shown.log_probability = score.log_probability;
  shown.best = std::move(best);
  return shown;
}

}  // namespace asterism::serve
