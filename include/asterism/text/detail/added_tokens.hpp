// Added tokens, found in the text before any other processing: <s>, <|im_start|> and the like.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/normalizer.hpp"
#include "asterism/text/detail/vocabulary.hpp"

namespace asterism::text {

/// One entry of "added_tokens".
struct AddedToken {
  TokenId id = -1;
  std::string content;
  std::string form;          ///< as spelt in normalised text; equal to content unless `normalized`
  bool single_word = false;  ///< not next to word characters
  bool lstrip = false;       ///< includes white space on its left
  bool rstrip = false;       ///< includes white space on its right
  bool normalized = false;   ///< searched in the normalised text instead of the user's
  bool special = false;
};

/// A segment of text: an added token, or the text between two of them if `id` < 0.
struct TokenOrText {
  TokenId id = -1;
  std::string_view text;
  bool at_start = false;  ///< the segment is the beginning of the text
};

/// Strings to search for together. Of several that begin at the same place the longest is found; the search
/// continues after it.
class StringSet {
 public:
  struct Entry {
    std::string text;
    std::size_t value = 0;
  };

  StringSet() = default;
  /// The entries' texts must be distinct and not empty.
  explicit StringSet(std::vector<Entry> entries);

  const std::vector<Entry>& entries() const { return entries_; }

  /// The entry whose text is `text`, or nullptr.
  const Entry* find_whole(std::string_view text) const;

  /// The next entry in `text` from `from` on, and where it begins; nullptr if there is none.
  std::pair<const Entry*, std::size_t> find(std::string_view text, std::size_t from) const;

 private:
  const Entry* longest_at(std::string_view text, std::size_t at) const;

  std::vector<Entry> entries_;
  std::array<bool, 256> begins_{};
};

/// The added tokens of a tokenizer. Immutable; const members may be called from several threads.
/// Source: Hugging Face tokenizers, `AddedVocabulary`.
class AddedTokens {
 public:
  AddedTokens() = default;

  /// `list`: the field "added_tokens", or nullptr. FormatError for an empty or repeated content, and for an id
  /// other than the one Hugging Face assigns: that of the vocabulary's equal token, else the next free one.
  static AddedTokens from_json(const json::Value* list, const Vocabulary& vocabulary, const Normalizer& normalizer,
                               std::string_view where);

  /// In file order.
  const std::vector<AddedToken>& tokens() const { return tokens_; }

  /// The token with the given content, or nullptr.
  const AddedToken* find(std::string_view content) const;

  /// Splits `text`, the user's (`normalized` false) or a normalised one, at the tokens searched in such text, and
  /// appends the segments. `at_start`: the text is the beginning of the user's. Special tokens are found only if
  /// `parse_special`.
  void cut(std::string_view text, bool normalized, bool at_start, bool parse_special,
           std::vector<TokenOrText>& out) const;

 private:
  static bool is_word_before(std::string_view text, std::size_t end);
  static bool is_word_at(std::string_view text, std::size_t at);

  void add(const json::Value& entry, const Vocabulary& vocabulary, const Normalizer& normalizer,
           std::string_view where);

  void index(std::string_view where);

  std::vector<AddedToken> tokens_;
  StringSet contents_;
  StringSet plain_;
  StringSet normalized_;
  TokenId next_ = -1;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/added_tokens_impl.hpp"
#endif
