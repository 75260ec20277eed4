// Text while its tokens are still being generated.
#pragma once

#include <memory>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::text {

/// Decodes one sequence token by token. The pieces one after the other are byte for byte what `Tokenizer::decode`
/// gives for all ids; a piece never ends inside a UTF-8 character. What later tokens could still change is held
/// back: the beginning of a character, and with byte fallback the whole run of byte tokens, since one wrong byte
/// turns every byte of its run into U+FFFD. One sequence, one thread; shares the tokenizer's tables. Time O(1)
/// amortised for a token. Allocates when it is made and when a buffer must grow, which a run of byte tokens or a
/// token longer than any before may need: after a warm-up not at all.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options = {});
  StreamDecoder(const StreamDecoder& other);
  StreamDecoder(StreamDecoder&& other) noexcept;
  StreamDecoder& operator=(const StreamDecoder& other);
  StreamDecoder& operator=(StreamDecoder&& other) noexcept;
  ~StreamDecoder();

  /// The text that has become certain with `id`, often empty; valid until the next call. InvalidArgument for a
  /// negative id.
  std::string_view push(TokenId id);

  /// The rest; bytes that never became a character are U+FFFD. Valid until the next call, which must not be
  /// `push`.
  std::string_view finish();

 private:
  struct Impl;

  std::unique_ptr<Impl> impl_;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/stream_decoder_impl.hpp"
#endif
