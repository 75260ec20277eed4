// Bodies of statement.hpp.
#pragma once

#include <algorithm>

#include "asterism/core/format.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/librarian/statement.hpp"

namespace asterism::librarian {

namespace detail {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace detail

ASTERISM_INLINE std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < text.size();) {
    if (!detail::is_word(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    const auto joins = [&] {
      return (text[at] == '.' || text[at] == '-') && at + 1 < text.size() && detail::is_word(text[at + 1]);
    };
    while (at < text.size() && (detail::is_word(text[at]) || joins())) ++at;
    words.push_back({begin, at});
  }
  return words;
}

ASTERISM_INLINE std::size_t find_phrase(std::string_view folded_text, std::string_view phrase) {
  if (phrase.empty()) return std::string_view::npos;
  std::size_t at = folded_text.find(phrase);
  for (; at != std::string_view::npos; at = folded_text.find(phrase, at + 1)) {
    const std::size_t end = at + phrase.size();
    const bool begins = at == 0 || !detail::is_word(folded_text[at - 1]);
    const bool ends = end == folded_text.size() || !detail::is_word(folded_text[end]);
    if (begins && ends) break;
  }
  return at;
}

ASTERISM_INLINE bool holds_phrase(std::string_view folded_text, std::string_view phrase) {
  return find_phrase(folded_text, phrase) != std::string_view::npos;
}

ASTERISM_INLINE std::vector<std::string> figures_of(std::string_view text) {
  std::vector<std::string> figures;
  for (const Word& word : words_of(text)) {
    const std::string_view letters = text.substr(word.begin, word.end - word.begin);
    if (!std::any_of(letters.begin(), letters.end(), detail::is_digit)) continue;
    const bool negative = word.begin > 0 && text[word.begin - 1] == '-';
    figures.push_back(concat(negative ? "-" : "", knowledge::folded(letters)));
  }
  return figures;
}

ASTERISM_INLINE std::vector<std::string> capitalised(std::string_view text) {
  std::vector<std::string> names;
  const std::vector<Word> words = words_of(text);
  const auto capital = [&](std::size_t i) {
    return i < words.size() && text[words[i].begin] >= 'A' && text[words[i].begin] <= 'Z';
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!capital(i) || (i == 0 && !capital(1))) continue;
    names.push_back(knowledge::folded(text.substr(words[i].begin, words[i].end - words[i].begin)));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace asterism::librarian
