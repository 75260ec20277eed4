// Tokenizer: strings to token ids and back, as defined by a checkpoint's tokenizer.json.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/text/fwd.hpp"

namespace asterism::text {

struct FileOptions {
  /// Leave the file's truncation and padding to the caller, instead of refusing them.
  bool ignore_lengths = false;
};

struct EncodeOptions {
  /// Add the post-processor's tokens around the text: `<s>` before it with Mixtral. Turn off for text that has
  /// them already, such as the output of a chat template.
  bool add_special_tokens = true;
  /// Parse "<s>" in the text as the special token, as Hugging Face does. If off, it is ordinary text: for
  /// untrusted input (Hugging Face's `split_special_tokens`). Added tokens that are not special are parsed either
  /// way.
  bool parse_special = true;
};

struct DecodeOptions {
  /// Leave special added tokens out.
  bool skip_special_tokens = false;
};

/// A tokenizer of the families byte-level BPE (GPT-2, Qwen, Llama 3), SentencePiece-style BPE with byte fallback
/// (Mixtral, Llama 2) and WordPiece (BERT). Gives the same ids and texts as Hugging Face's tokenizers 0.23, except that
/// a character without any token is an error where it would vanish there. Texts equal `Tokenizer.decode`: nothing is
/// cleaned up. Immutable; const members may be called from several threads. Copies share their tables. Limits:
/// characters newer than the Unicode tables of the installed PCRE2 and utf8proc count as unassigned; marks, format
/// characters and punctuation newer than Unicode 8, which Hugging Face's BERT components take for letters, are what
/// they are.
class Tokenizer {
 public:
  /// Reads a tokenizer.json. FileError, FormatError, Unsupported; the message names the file and the component.
  static Tokenizer from_file(const std::string& path, FileOptions options = {});

  /// Parses the bytes of a tokenizer.json; `where` names them in messages. FormatError if they break the format,
  /// Unsupported for every unknown component or setting. Time and memory are linear in the bytes: tokens and
  /// merges take less than 8 times their text.
  static Tokenizer from_json(std::string_view bytes, std::string_view where, FileOptions options = {});

  /// Makes a tokenizer of a table of tokens, which it copies; `where` names it in messages. Its ids are those of the
  /// tokenizer.json that Hugging Face makes of the same vocabulary. Throws as from_json, and for another pre-tokenizer.
  static Tokenizer from_table(const TokenTable& table, std::string_view where);

  // Moving copies, so that no tokenizer is ever empty.
  Tokenizer(const Tokenizer&) = default;
  Tokenizer& operator=(const Tokenizer&) = default;

  /// The ids of `text`. Invalid UTF-8 becomes U+FFFD, as with Python's errors='replace'. InvalidArgument for a
  /// character that the model has no token for, and for more than 2^31 - 1 bytes. Time O(n log n); allocates.
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;

  /// The text of `ids`. Ids without a token (the padding of a model's vocabulary) give no text, as with Hugging
  /// Face; InvalidArgument for negative ids. Linear time; allocates.
  std::string decode(View<const TokenId> ids, DecodeOptions options = {}) const;

  /// One more than the largest id.
  std::size_t vocabulary_size() const;

  /// The id of a token as the vocabulary spells it: "▁the", "Ġthe", "<s>".
  std::optional<TokenId> token_to_id(std::string_view token) const;

  /// The token of an id as the vocabulary spells it, valid as long as the tokenizer. Empty for ids without a
  /// token; InvalidArgument unless 0 <= id < vocabulary_size().
  std::string_view id_to_token(TokenId id) const;

  /// Whether `id` is an added token marked special. False for ids outside the vocabulary.
  bool is_special(TokenId id) const;

 private:
  friend class StreamDecoder;
  struct Impl;

  explicit Tokenizer(std::shared_ptr<const Impl> impl);

  std::shared_ptr<const Impl> impl_;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/tokenizer_impl.hpp"
#endif
