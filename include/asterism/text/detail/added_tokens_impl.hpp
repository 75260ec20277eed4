// Bodies of added_tokens.hpp.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>

#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/text/detail/added_tokens.hpp"
#include "asterism/text/detail/component.hpp"
#include "asterism/text/detail/unicode.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::text {

ASTERISM_INLINE StringSet::StringSet(std::vector<Entry> entries) {
  const auto order =
      argsort(entries.size(), [&](std::size_t a, std::size_t b) { return entries[a].text < entries[b].text; });
  entries_ = permuted(std::move(entries), order);
  for (const Entry& entry : entries_) begins_[static_cast<unsigned char>(entry.text.front())] = true;
}

ASTERISM_INLINE const StringSet::Entry* StringSet::find_whole(std::string_view text) const {
  const auto place =
      std::lower_bound(entries_.begin(), entries_.end(), text,
                       [](const Entry& entry, std::string_view wanted) { return entry.text < wanted; });
  return place == entries_.end() || place->text != text ? nullptr : &*place;
}

ASTERISM_INLINE std::pair<const StringSet::Entry*, std::size_t> StringSet::find(std::string_view text,
                                                                                std::size_t from) const {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!begins_[static_cast<unsigned char>(text[at])]) continue;
    if (const Entry* entry = longest_at(text, at)) return {entry, at};
  }
  return {nullptr, text.size()};
}

ASTERISM_INLINE const StringSet::Entry* StringSet::longest_at(std::string_view text, std::size_t at) const {
  // Narrow the range of the sorted entries byte by byte.
  const Entry* longest = nullptr;
  auto low = entries_.begin();
  auto high = entries_.end();
  for (std::size_t depth = 0; low != high; ++depth) {
    if (low->text.size() == depth) longest = &*low++;
    if (at + depth == text.size()) break;
    const auto byte = [depth](const Entry& entry) { return static_cast<unsigned char>(entry.text[depth]); };
    const auto wanted = static_cast<unsigned char>(text[at + depth]);
    low = std::partition_point(low, high, [&](const Entry& entry) { return byte(entry) < wanted; });
    high = std::partition_point(low, high, [&](const Entry& entry) { return byte(entry) == wanted; });
  }
  return longest;
}

ASTERISM_INLINE AddedTokens AddedTokens::from_json(const json::Value* list, const Vocabulary& vocabulary,
                                                   const Normalizer& normalizer, std::string_view where) {
  AddedTokens added;
  if (list != nullptr) {
    for (const json::Value& entry : *list) added.add(entry, vocabulary, normalizer, where);
  }
  added.index(where);
  return added;
}

ASTERISM_INLINE const AddedToken* AddedTokens::find(std::string_view content) const {
  const StringSet::Entry* entry = contents_.find_whole(content);
  return entry == nullptr ? nullptr : &tokens_[entry->value];
}

ASTERISM_INLINE void AddedTokens::cut(std::string_view text, bool normalized, bool at_start, bool parse_special,
                                      std::vector<TokenOrText>& out) const {
  const StringSet& set = normalized ? normalized_ : plain_;
  const auto push_text = [&](std::size_t begin, std::size_t end) {
    if (begin < end) out.push_back({-1, text.substr(begin, end - begin), at_start && begin == 0});
  };
  std::size_t covered = 0;
  std::size_t from = 0;
  while (!set.entries().empty()) {
    const auto [entry, place] = set.find(text, from);
    if (entry == nullptr) break;
    std::size_t begin = place;
    std::size_t end = place + entry->text.size();
    from = end;
    const AddedToken& token = tokens_[entry->value];
    if (token.special && !parse_special) continue;
    if (token.single_word && (is_word_before(text, begin) || is_word_at(text, end))) continue;
    while (token.lstrip && begin > covered) {
      const CodePoint c = code_point_before(text, begin);
      if (!is_white_space(c.value)) break;
      begin -= c.size;
    }
    while (token.rstrip && end < text.size()) {
      const CodePoint c = code_point_at(text, end);
      if (!is_white_space(c.value)) break;
      end += c.size;
    }
    push_text(covered, begin);
    out.push_back({token.id, {}, false});
    covered = end;
  }
  push_text(covered, text.size());
}

ASTERISM_INLINE bool AddedTokens::is_word_before(std::string_view text, std::size_t end) {
  return end > 0 && is_word(code_point_before(text, end).value);
}

ASTERISM_INLINE bool AddedTokens::is_word_at(std::string_view text, std::size_t at) {
  return at < text.size() && is_word(code_point_at(text, at).value);
}

ASTERISM_INLINE void AddedTokens::add(const json::Value& entry, const Vocabulary& vocabulary,
                                      const Normalizer& normalizer, std::string_view where) {
  json::check_object(entry, "an added token", where);
  check_keys(entry, {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"},
             "an added token", where);
  AddedToken token;
  token.id =
      static_cast<TokenId>(json::require_integer(entry, "id", where, 0, std::numeric_limits<TokenId>::max()));
  token.content = json::require_string(entry, "content", where);
  token.single_word = json::require_bool(entry, "single_word", where);
  token.lstrip = json::require_bool(entry, "lstrip", where);
  token.rstrip = json::require_bool(entry, "rstrip", where);
  token.normalized = json::require_bool(entry, "normalized", where);
  token.special = json::require_bool(entry, "special", where);
  const std::string name = concat("added token '", printable(token.content, 60), "'");
  if (token.content.empty()) throw FormatError(concat(where, ": an added token has an empty content"));
  if (token.content.size() > max_setting_bytes) {
    throw Unsupported(
        concat(where, ": ", name, " has ", token.content.size(), " bytes, supported are ", max_setting_bytes));
  }
  const std::optional<TokenId> known = vocabulary.find(token.content);
  if (next_ < 0) next_ = static_cast<TokenId>(vocabulary.count());
  const TokenId expected = known ? *known : next_++;
  if (token.id != expected || (!known && vocabulary.contains(expected))) {
    throw FormatError(concat(where, ": ", name, " has the id ", token.id, ", expected ", expected,
                             known ? ", its id in the vocabulary" : ", the next one behind the vocabulary"));
  }
  token.form = token.normalized ? normalizer.apply(token.content, 64 * max_setting_bytes) : token.content;
  if (token.form.empty()) throw FormatError(concat(where, ": ", name, " is empty when normalised"));
  tokens_.push_back(std::move(token));
}

ASTERISM_INLINE void AddedTokens::index(std::string_view where) {
  std::vector<StringSet::Entry> contents;
  std::vector<StringSet::Entry> plain;
  std::vector<StringSet::Entry> normalized;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    contents.push_back({tokens_[i].content, i});
    (tokens_[i].normalized ? normalized : plain).push_back({tokens_[i].form, i});
  }
  const auto make = [&](std::vector<StringSet::Entry> entries) {
    StringSet set(std::move(entries));
    for (std::size_t i = 1; i < set.entries().size(); ++i) {
      if (set.entries()[i].text != set.entries()[i - 1].text) continue;
      throw FormatError(concat(where, ": two added tokens read '", printable(set.entries()[i].text, 60), "'"));
    }
    return set;
  };
  contents_ = make(std::move(contents));
  plain_ = make(std::move(plain));
  normalized_ = make(std::move(normalized));
}

}  // namespace asterism::text
