// Token strings and their ids, in both directions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"

namespace asterism::text {

/// The vocabulary of a model: tokens are distinct, ids are distinct, some ids may have no token. Immutable; const
/// members may be called from several threads. Memory: the strings, 8 bytes per id, 8 to 16 per token.
class Vocabulary {
 public:
  /// Tokens as they are read, in any order.
  class Builder {
   public:
    /// `id` >= 0.
    void add(std::string_view token, TokenId id);

   private:
    friend class Vocabulary;
    struct Entry {
      TokenId id = -1;
      std::uint32_t size = 0;  ///< bytes in strings_, after those of earlier entries
    };

    std::string strings_;
    std::vector<Entry> entries_;
  };

  Vocabulary() = default;

  /// FormatError if there are no tokens, for tokens or ids that occur twice, and for ids so large that most ids
  /// below would have no token.
  Vocabulary(Builder tokens, std::string_view where);

  /// One more than the largest id.
  std::size_t size() const { return places_.size(); }
  /// Number of tokens.
  std::size_t count() const { return count_; }
  /// Length of the longest token in bytes.
  std::size_t longest() const { return longest_; }

  bool contains(TokenId id) const;
  /// The token of `id`; empty if it has none.
  std::string_view token(TokenId id) const;
  std::optional<TokenId> find(std::string_view token_text) const;

 private:
  /// Bytes [begin, begin + size) of strings_.
  struct Place {
    static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t begin = nowhere;
    std::uint32_t size = 0;
  };

  /// FNV-1a with a final mix, so that the low bits depend on every byte.
  static std::size_t hash(std::string_view text);

  /// Assigns each id its place.
  void place(const std::vector<Builder::Entry>& entries, std::string_view where);

  /// Fills the hash table: open addressing, at most half full.
  void index(std::string_view where);

  std::string strings_;
  std::vector<Place> places_;
  std::vector<TokenId> slots_;
  std::size_t count_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/vocabulary_impl.hpp"
#endif
