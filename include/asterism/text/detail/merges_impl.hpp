// Bodies of merges.hpp.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/detail/merges.hpp"

namespace asterism::text {

ASTERISM_INLINE void Merges::Builder::add(std::string_view left, std::string_view right) {
  strings_ += left;
  strings_ += right;
  // Longer ones are in no vocabulary.
  const auto size = [](std::string_view token) {
    return static_cast<std::uint32_t>(std::min<std::size_t>(token.size(), Rule::none - 1));
  };
  rules_.push_back({size(left), size(right)});
}

ASTERISM_INLINE void Merges::Builder::skip() { rules_.push_back({Rule::none, 0}); }

ASTERISM_INLINE Merges::Merges(const Builder& rules, const Vocabulary& vocabulary, std::string_view where) {
  rules_.reserve(rules.rules_.size());
  std::string_view rest = rules.strings_;
  for (std::size_t i = 0; i < rules.rules_.size(); ++i) {
    const Builder::Rule rule = rules.rules_[i];
    if (rule.left == Builder::Rule::none) continue;
    const auto id = [&](std::string_view token) {
      const std::optional<TokenId> found = vocabulary.find(token);
      if (found) return *found;
      throw FormatError(concat(where, ": merge ", i, " needs the token '", printable(token, 60),
                               "', which the vocabulary lacks"));
    };
    const std::size_t size = std::size_t{rule.left} + rule.right;
    const std::string_view merged = rest.substr(0, size);
    if (rules_.size() == std::numeric_limits<std::uint32_t>::max()) {
      throw FormatError(concat(where, ": merge ", i, " is one too many"));
    }
    const auto rank = static_cast<std::uint32_t>(rules_.size());
    const TokenId left = id(merged.substr(0, rule.left));
    rules_.push_back({left, id(merged.substr(rule.left)), rank, id(merged)});
    rest.remove_prefix(size);
  }
  index(vocabulary.size());
}

ASTERISM_INLINE const Merge* Merges::find(TokenId left, TokenId right) const {
  const auto group = static_cast<std::size_t>(left);
  const auto begin = rules_.begin() + static_cast<std::ptrdiff_t>(first_[group]);
  const auto end = rules_.begin() + static_cast<std::ptrdiff_t>(first_[group + 1]);
  const auto place =
      std::lower_bound(begin, end, right, [](const Merge& rule, TokenId id) { return rule.right < id; });
  return place == end || place->right != right ? nullptr : &*place;
}

ASTERISM_INLINE void Merges::index(std::size_t vocabulary_size) {
  std::sort(rules_.begin(), rules_.end(), [](const Merge& a, const Merge& b) {
    if (a.left != b.left) return a.left < b.left;
    if (a.right != b.right) return a.right < b.right;
    return a.rank > b.rank;
  });
  const auto same_pair = [](const Merge& a, const Merge& b) { return a.left == b.left && a.right == b.right; };
  rules_.erase(std::unique(rules_.begin(), rules_.end(), same_pair), rules_.end());
  first_.assign(vocabulary_size + 1, 0);
  for (const Merge& rule : rules_) ++first_[static_cast<std::size_t>(rule.left) + 1];
  for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
}

}  // namespace asterism::text
