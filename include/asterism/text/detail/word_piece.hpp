// WordPiece: splits a word into the longest tokens of a vocabulary, from left to right.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/text/detail/vocabulary.hpp"

namespace asterism::text {

struct TokenizerFile;

/// The model of BERT's tokenizers. Immutable; const members may be called from several threads. Source: Schuster,
/// Nakajima: Japanese and Korean voice search, ICASSP 2012; Hugging Face tokenizers, `models/wordpiece`.
class WordPiece {
 public:
  WordPiece() = default;

  /// Parses the field "model", of type WordPiece, moving tokens out of the file. FormatError if it breaks the format,
  /// Unsupported for unknown settings.
  static WordPiece from_file(TokenizerFile& file, std::string_view where);

  const Vocabulary& vocabulary() const { return vocabulary_; }

  /// Appends the tokens of `word`, valid UTF-8: each the longest one that fits, those behind the first with the prefix
  /// before them. A word that cannot be split so, or that has too many characters, is the unknown token;
  /// InvalidArgument where the vocabulary lacks that. Time linear in the word, times the length of the longest token.
  void encode(std::string_view word, std::vector<TokenId>& out) const;

 private:
  /// The longest token at the beginning of `rest`, and its bytes there; id -1 if there is none.
  struct Found {
    TokenId id = -1;
    std::size_t size = 0;
  };
  Found longest_at(std::string_view rest, bool continues, std::string& spelt) const;

  Vocabulary vocabulary_;
  std::string unknown_;
  std::string prefix_;
  std::size_t most_characters_ = 0;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/word_piece_impl.hpp"
#endif
