// Converts the tokens of an answer to text, piece by piece.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/decoding/stop_strings.hpp"
#include "asterism/text/stream_decoder.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::generate {

/// Takes tokens and returns the text that has become certain: whole characters, and nothing that may be the
/// beginning of a stop string. Each piece is valid until the next call. The tokenizer and the stop strings must
/// outlive it.
class AnswerText {
 public:
  /// `context`: tokens before the answer whose text it continues, so that a leading space is as in the whole text;
  /// empty if the answer is a text of its own. The concatenated pieces are the text of context and answer together
  /// without that of the context.
  AnswerText(const text::Tokenizer& tokenizer, const std::vector<std::string>& stop, View<const TokenId> context);

  /// The text that one more token makes certain, possibly empty.
  std::string_view push(TokenId token) { return stop_.push(decoder_.push(token)); }
  /// The text still held by the tokens so far, when no more follow; call it once, then `finish`.
  std::string_view flush() { return stop_.push(decoder_.finish()); }
  /// The text held back as the possible beginning of a stop string.
  std::string_view finish() { return stop_.finish(); }
  /// A stop string was found: the text has ended before it.
  bool stopped() const { return stop_.found(); }

 private:
  text::StreamDecoder decoder_;
  StopStrings stop_;
};

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/decoding/answer_text_impl.hpp"
#endif
