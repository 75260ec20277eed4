// Text while its tokens are still being generated.
#pragma once

#include <string_view>

#include "asterism/core/fwd.hpp"
#include "asterism/text/decoder.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::text {

/// Decodes one sequence token by token. The pieces one after the other are byte for byte what `Tokenizer::decode`
/// gives for all ids; a piece never ends inside a UTF-8 character. What later tokens could still change is held
/// back: the beginning of a character, and with byte fallback the whole run of byte tokens, since one wrong byte
/// turns every byte of its run into U+FFFD. One sequence, one thread; the tokenizer must live longer. Time O(1)
/// amortised for a token. Allocates when it is made and when a buffer must grow, which a run of byte tokens or a
/// token longer than any before may need: after a warm-up not at all.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options = {})
      : tokenizer_(&tokenizer), options_(options), state_(tokenizer.start_decoding()) {}

  StreamDecoder(const Tokenizer&&, DecodeOptions = {}) = delete;  // it would not live longer

  /// The text that has become certain with `id`, often empty; valid until the next call. InvalidArgument for a
  /// negative id.
  std::string_view push(TokenId id) {
    state_.text.clear();
    tokenizer_->decode_next(state_, id, options_);
    return state_.text;
  }

  /// The rest; bytes that never became a character are U+FFFD. Valid until the next call, which must not be
  /// `push`.
  std::string_view finish() {
    state_.text.clear();
    tokenizer_->finish_decoding(state_);
    return state_.text;
  }

 private:
  const Tokenizer* tokenizer_;
  DecodeOptions options_;
  Decoder::State state_;
};

}  // namespace asterism::text
