// Byte-pair encoding: splits a word into characters, then repeatedly merges the neighbours with the lowest rank.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/text/detail/merges.hpp"
#include "asterism/text/detail/vocabulary.hpp"

namespace asterism::text {

struct TokenizerFile;

/// The model of a tokenizer. Immutable; const members may be called from several threads, each with its own
/// Scratch. Source: Sennrich, Haddow, Birch: Neural machine translation of rare words with subword units, ACL
/// 2016; Hugging Face tokenizers, `models/bpe`.
class Bpe {
 public:
  /// Buffers that can be reused by successive calls.
  class Scratch {
    friend class Bpe;
    struct Symbol {
      TokenId id = -1;  ///< -1: merged into the symbol on its left
      std::int32_t previous = -1;
      std::int32_t next = -1;
    };
    struct Candidate {
      std::uint32_t rank = 0;
      std::int32_t position = 0;
      TokenId merged = -1;
    };
    std::vector<Symbol> symbols_;
    std::vector<Candidate> queue_;
  };

  Bpe() = default;

  /// Parses the field "model", moving tokens and rules out of the file. FormatError if it breaks the format,
  /// Unsupported for a model other than BPE, dropout, and prefixes or suffixes of subwords.
  static Bpe from_file(TokenizerFile& file, std::string_view where);

  const Vocabulary& vocabulary() const { return vocabulary_; }

  /// Appends the tokens of `word`, valid UTF-8 of at most 2^31 - 1 bytes. InvalidArgument for a character that the
  /// model cannot encode by itself, its bytes or an unknown token. Time O(n log n).
  void encode(std::string_view word, std::vector<TokenId>& out, Scratch& scratch) const;

 private:
  /// Characters below this are looked up in a table: the byte-level alphabet and most of the Latin letters.
  static constexpr std::size_t indexed_characters = 1024;

  void index_characters();

  TokenId find_character(std::string_view character, char32_t value) const;

  /// Symbols of the single characters: their own tokens, else those of their bytes, else the unknown token.
  void cut(std::string_view word, Scratch& scratch) const;

  /// Merges neighbours, lowest rank first, leftmost on ties.
  void merge(Scratch& scratch) const;

  Vocabulary vocabulary_;
  Merges merges_;
  std::array<TokenId, indexed_characters> characters_{};
  std::array<TokenId, 256> bytes_{};
  TokenId unknown_ = -1;
  bool fuse_unknown_ = false;
  bool byte_fallback_ = false;
  bool ignore_merges_ = false;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/bpe_impl.hpp"
#endif
