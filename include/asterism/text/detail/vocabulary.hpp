// Token strings and their ids, both ways.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/json/json.hpp"

namespace asterism::text {

/// The vocabulary of a model: tokens are distinct, ids are distinct, some ids may be without a token. Immutable
/// after reading; const members may be called from several threads. Memory: the strings and 24 bytes for each id.
class Vocabulary {
 public:
  Vocabulary() = default;

  /// From an object {"token": id, ..}. FormatError for an empty one, ids that are no integers, negative, used
  /// twice, or so large that most of the ids below would be without a token.
  static Vocabulary from_json(const json::Value& object, std::string_view where);

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
  struct Place {
    std::size_t begin = 0;
    std::uint32_t size = 0;
    bool used = false;
  };

  /// FNV-1a with a final mix, so that the low bits depend on every byte.
  static std::size_t hash(std::string_view text);

  void add(std::string_view token_text, TokenId id, std::string_view where);

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
