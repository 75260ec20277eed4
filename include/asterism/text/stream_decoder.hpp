// Streaming decoding: text while its tokens are still being generated.
#pragma once

#include <memory>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::text {

/// Decodes one sequence token by token. A piece never ends inside a UTF-8 character: only an incomplete character
/// is held back. The concatenated pieces are byte for byte what `Tokenizer::decode` gives for all ids, with one
/// exception. With byte fallback, Hugging Face judges a run of byte tokens as a whole: one wrong byte, or an end
/// inside a character, turns every byte of the run into U+FFFD. Here the characters before that point have already
/// been returned and stay; each other byte of the run becomes U+FFFD. Valid UTF-8 never differs.
///
/// One sequence, one thread; shares the tokenizer's tables. Amortised O(1) time per token. Allocates in the
/// constructor and when a buffer must grow, for a token longer than any before: after a warm-up not at all.
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

  /// The rest; bytes that never formed a character become U+FFFD. Valid until the next call, which must not be
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
