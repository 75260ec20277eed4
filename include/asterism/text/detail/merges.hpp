// The merge rules of byte-pair encoding with their ranks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/text/detail/vocabulary.hpp"

namespace asterism::text {

/// One rule: `left` followed by `right` becomes `merged`; lower ranks go first.
struct Merge {
  TokenId left = -1;
  TokenId right = -1;
  std::uint32_t rank = 0;
  TokenId merged = -1;
};

/// All rules of a model, at most one per pair. Immutable after reading; const members may be called from several
/// threads.
class Merges {
 public:
  /// Rules as they are read, in order of rank, before their tokens are looked up.
  class Builder {
   public:
    void add(std::string_view left, std::string_view right);
    /// Skips an entry that is not a rule.
    void skip();
    /// Number of rules and skipped entries.
    std::size_t size() const { return rules_.size(); }
    /// Calls f(left, right) for each rule, in order of rank.
    template <class F>
    void for_each(F&& f) const {
      std::string_view rest = strings_;
      for (const Rule& rule : rules_) {
        if (rule.left == Rule::none) continue;
        f(rest.substr(0, rule.left), rest.substr(rule.left, rule.right));
        rest.remove_prefix(std::size_t{rule.left} + rule.right);
      }
    }

   private:
    friend class Merges;
    struct Rule {
      static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
      std::uint32_t left = 0;   ///< bytes in strings_, after those of earlier rules; none: not a rule
      std::uint32_t right = 0;  ///< bytes after them
    };

    std::string strings_;
    std::vector<Rule> rules_;
  };

  Merges() = default;

  /// Of several rules for one pair the last counts, as with Hugging Face. FormatError for tokens missing from the
  /// vocabulary.
  Merges(const Builder& rules, const Vocabulary& vocabulary, std::string_view where);

  std::size_t size() const { return rules_.size(); }

  /// The rule for a pair of ids of the vocabulary, or nullptr.
  const Merge* find(TokenId left, TokenId right) const;

 private:
  /// Sorts the rules by pair and records where each left token's rules begin.
  void index(std::size_t vocabulary_size);

  std::vector<Merge> rules_;
  std::vector<std::uint32_t> first_;
};

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/merges_impl.hpp"
#endif
