// The merge rules of byte-pair encoding: which two tokens become which, and which rule goes first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/vocabulary.hpp"

namespace asterism::text {

/// One rule: `left` followed by `right` becomes `merged`; lower ranks go first.
struct Merge {
  TokenId left = -1;
  TokenId right = -1;
  std::uint32_t rank = 0;
  TokenId merged = -1;
};

/// All rules of a model, at most one for a pair. Immutable after reading; const members may be called from several
/// threads.
class Merges {
 public:
  Merges() = default;

  /// From an array in order of rank, each rule a string "left right" or an array ["left", "right"], all alike. Of
  /// several rules for one pair the last counts, as with Hugging Face. FormatError for other forms and for tokens
  /// that the vocabulary lacks.
  static Merges from_json(const json::Value& rules, const Vocabulary& vocabulary, std::string_view where);

  std::size_t size() const { return rules_.size(); }

  /// The rule for a pair of ids of the vocabulary, nullptr where there is none.
  const Merge* find(TokenId left, TokenId right) const;

 private:
  /// Sorts the rules by pair and notes where each left token's rules begin.
  void index(std::size_t vocabulary_size);

  std::vector<Merge> rules_;
  std::vector<std::size_t> first_;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/merges_impl.hpp"
#endif
