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

ASTERISM_INLINE Merges Merges::from_json(const json::Value& rules, const Vocabulary& vocabulary,
                                         std::string_view where) {
  Merges merges;
  merges.rules_.reserve(rules.size());
  std::uint32_t rank = 0;
  std::string merged;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const json::Value& rule = rules[i];
    const auto fail = [&](std::string_view what) { throw FormatError(concat(where, ": merge ", i, " ", what)); };
    if (rule.type() != rules[0].type()) fail("differs in form from the first: expected all strings or all pairs");
    std::string_view left;
    std::string_view right;
    if (rule.is_string()) {
      const std::string_view text = rule.get_ref<const std::string&>();
      if (text.starts_with("#version")) continue;
      const std::size_t blank = text.find(' ');
      if (blank == std::string_view::npos || text.find(' ', blank + 1) != std::string_view::npos) {
        fail(concat("is '", printable(text, 60), "', expected two tokens with one space between them"));
      }
      left = text.substr(0, blank);
      right = text.substr(blank + 1);
    } else {
      if (!rule.is_array() || rule.size() != 2 || !rule[0].is_string() || !rule[1].is_string()) {
        fail("is no string and no array of two strings");
      }
      left = rule[0].get_ref<const std::string&>();
      right = rule[1].get_ref<const std::string&>();
    }
    const auto id = [&](std::string_view token) {
      const std::optional<TokenId> found = vocabulary.find(token);
      if (!found) fail(concat("needs the token '", printable(token, 60), "', which the vocabulary lacks"));
      return *found;
    };
    if (rank == std::numeric_limits<std::uint32_t>::max()) fail("is one too many");
    merged.assign(left);
    merged += right;
    merges.rules_.push_back({id(left), id(right), rank++, id(merged)});
  }
  merges.index(vocabulary.size());
  return merges;
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
