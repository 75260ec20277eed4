// The text of single tokens, as parts of the text that they make together.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/decoding/token_score.hpp"
#include "asterism/serve/response.hpp"
#include "asterism/text/stream_decoder.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::serve {

/// Takes the tokens of a text one by one. A token's text is what it makes certain: one that ends in the middle of a
/// character, and a special one, is shown as the vocabulary spells it. Not thread-safe; the tokenizer must outlive it.
class TokenTexts {
 public:
  /// `context`: tokens before the text, which it continues.
  explicit TokenTexts(const text::Tokenizer& tokenizer, View<const TokenId> context = {});

  /// A token without a score.
  ShownToken add(TokenId id);
  ShownToken add(const TokenScore& score);

 private:
  /// As the vocabulary has it, where there is no text.
  std::string spelt(TokenId id, std::string_view text) const;

  const text::Tokenizer* tokenizer_;
  text::StreamDecoder decoder_;
  std::size_t offset_ = 0;  ///< characters so far
};

}  // namespace asterism::serve

#if !defined(ASTERISM_COMPILED)
#include "asterism/serve/token_texts_impl.hpp"
#endif
