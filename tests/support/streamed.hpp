// The text of tokens as a stream gives it: what a session shows. Tokenizer::decode differs where a run of byte tokens
// is no UTF-8, see StreamDecoder.
#pragma once

#include <string>

#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/text/stream_decoder.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::test {

/// Without special tokens.
inline std::string streamed(const text::Tokenizer& tokenizer, View<const TokenId> tokens) {
  text::StreamDecoder stream(tokenizer, {.skip_special_tokens = true});
  std::string text;
  for (const TokenId token : tokens) text += stream.push(token);
  return text += stream.finish();
}

}  // namespace asterism::test
