// Token strings and their ids, both ways.
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

/// The vocabulary of a model: tokens are distinct, ids are distinct, some ids may be without a token. Immutable;
/// const members may be called from several threads. Memory: the strings, 8 bytes for each id, 8 to 16 for each token.
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
      std::uint32_t size = 0;  ///< bytes in strings_, behind those of the entries before
    };

    std::string strings_;
    std::vector<Entry> entries_;
  };

  Vocabulary() = default;

  /// FormatError where there are no tokens, one stands there twice, and for ids that are used twice, or so large that
  /// most of the ids below would be without a token.
  Vocabulary(Builder tokens, std::string_view where);

  /// One more than the largest id.
  std::size_t size() const { return places_.size(); }
  /// How many tokens there are.
  std::size_t count() const { return count_; }
  /// Bytes of the longest token.
  std::size_t longest() const { return longest_; }

  bool contains(TokenId id) const;
  /// The token of `id`; empty where there is none.
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

  /// Gives each id its place.
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
