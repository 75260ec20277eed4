// Bodies of strings.hpp.
#pragma once

#include <algorithm>

#include <utf8proc.h>

#include "asterism/text/detail/unicode.hpp"
#include "asterism/text/detail/utf8.hpp"
#include "asterism/text/jinja/strings.hpp"

namespace asterism::text::jinja {

namespace detail {

/// A character and its bytes; an invalid byte has the value 0xDC00 + byte, as in Python's surrogate escapes.
inline CodePoint character_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80U) return {byte, 1};
  if (utf8_unit(text, at).kind != Utf8Unit::Kind::character) return {0xDC00U + byte, 1};
  return code_point_at(text, at);
}

inline bool is_python_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || (c > 127 && is_white_space(c));
}

inline utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

inline bool is_letter(char32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

enum class Case : std::uint8_t { none, lower, upper };

/// Titlecase letters count as cased alone, which `title` and `is_upper` don't ask for apart.
inline Case case_of(char32_t c) {
  const auto kind = category(c);
  if (kind == UTF8PROC_CATEGORY_LL) return Case::lower;
  return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LT ? Case::upper : Case::none;
}

inline void append_upper_case(std::string& out, char32_t c) {
  if (c == 0xDF) {
    out += "SS";
  } else {
    append_code_point(out, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
  }
}

inline void append_case(std::string& out, std::string_view text, std::size_t at, CodePoint c, bool upper) {
  if (c.value >= 0xDC80 && c.value <= 0xDCFF) {
    out += text[at];
  } else if (upper) {
    append_upper_case(out, c.value);
  } else {
    append_lower_case(out, c.value);
  }
}

template <class IsUnwanted>
std::string_view stripped(std::string_view text, Side side, const IsUnwanted& is_unwanted) {
  std::size_t begin = 0;
  if (side != Side::right) {
    while (begin < text.size() && is_unwanted(text, begin)) begin += character_size(text, begin);
  }
  text.remove_prefix(begin);
  while (side != Side::left && !text.empty()) {
    std::size_t last = text.size() - 1;  // where the last character begins
    const std::size_t first = text.size() > 4 ? text.size() - 4 : 0;
    for (std::size_t at = text.size(); at-- > first;) {
      if (at + character_size(text, at) == text.size()) {
        last = at;
        if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U) break;
      }
    }
    if (!is_unwanted(text, last)) break;
    text = text.substr(0, last);
  }
  return text;
}

template <class Is>
bool all_characters(std::string_view text, const Is& is) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = character_at(text, at);
    if (!is(c.value)) return false;
    at += c.size;
  }
  return !text.empty();
}

inline bool is_in_one_case(std::string_view text, Case wanted) {
  bool any = false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = character_at(text, at);
    const Case found = case_of(c.value);
    if (found != Case::none && found != wanted) return false;
    any = any || found == wanted;
    at += c.size;
  }
  return any;
}

}  // namespace detail

ASTERISM_INLINE std::size_t character_size(std::string_view text, std::size_t at) {
  return detail::character_at(text, at).size;
}

ASTERISM_INLINE std::size_t length_of(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) at += character_size(text, at);
  return count;
}

ASTERISM_INLINE std::size_t offset_of(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at += character_size(text, at);
  return at;
}

ASTERISM_INLINE std::vector<std::size_t> character_starts(std::string_view text) {
  std::vector<std::size_t> out;
  for (std::size_t at = 0; at < text.size(); at += character_size(text, at)) out.push_back(at);
  out.push_back(text.size());
  return out;
}

ASTERISM_INLINE bool is_space(std::string_view text, std::size_t at) {
  return detail::is_python_space(detail::character_at(text, at).value);
}

ASTERISM_INLINE std::string_view strip(std::string_view text, Side side) {
  return detail::stripped(text, side, [](std::string_view all, std::size_t at) { return is_space(all, at); });
}

ASTERISM_INLINE std::string_view strip(std::string_view text, std::string_view unwanted, Side side) {
  return detail::stripped(text, side, [unwanted](std::string_view all, std::size_t at) {
    const std::string_view one = all.substr(at, character_size(all, at));
    for (std::size_t i = 0; i < unwanted.size(); i += character_size(unwanted, i)) {
      if (unwanted.substr(i, character_size(unwanted, i)) == one) return true;
    }
    return false;
  });
}

ASTERISM_INLINE bool has_special_case(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = detail::character_at(text, at);
    const char32_t v = c.value;
    if (v == 0x130 || v == 0x149 || v == 0x1F0 || v == 0x390 || v == 0x3A3 || v == 0x3B0 || v == 0x587 ||
        (v >= 0x1E96 && v <= 0x1E9A) || (v >= 0x1F50 && v <= 0x1FFC) || (v >= 0xFB00 && v <= 0xFB17)) {
      return true;
    }
    at += c.size;
  }
  return false;
}

ASTERISM_INLINE std::string upper(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = detail::character_at(text, at);
    detail::append_case(out, text, at, c, true);
    at += c.size;
  }
  return out;
}

ASTERISM_INLINE std::string lower(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = detail::character_at(text, at);
    detail::append_case(out, text, at, c, false);
    at += c.size;
  }
  return out;
}

ASTERISM_INLINE std::string capitalize(std::string_view text) {
  if (text.empty()) return {};
  const std::size_t first = character_size(text, 0);
  const std::string_view letter = text.substr(0, first);
  return (letter == "\xC3\x9F" ? std::string("Ss") : upper(letter)) + lower(text.substr(first));
}

ASTERISM_INLINE std::string title(std::string_view text) {
  std::string out;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = detail::character_at(text, at);
    if (!in_word && c.value == 0xDF) {
      out += "Ss";
    } else {
      detail::append_case(out, text, at, c, !in_word);
    }
    in_word = detail::case_of(c.value) != detail::Case::none;
    at += c.size;
  }
  return out;
}

ASTERISM_INLINE std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size() && out.size() <= max_pieces;) {
    const CodePoint c = detail::character_at(text, at);
    const char32_t v = c.value;
    const std::size_t start = at;
    at += c.size;
    const bool ends = (v >= 10 && v <= 13) || (v >= 28 && v <= 30) || v == 0x85 || v == 0x2028 || v == 0x2029;
    if (!ends) continue;
    if (v == '\r' && at < text.size() && text[at] == '\n') ++at;
    out.push_back(text.substr(begin, start - begin));
    begin = at;
  }
  if (begin < text.size()) out.push_back(text.substr(begin));
  return out;
}

ASTERISM_INLINE std::vector<std::string_view> split_words(std::string_view text, std::size_t most,
                                                          bool from_right) {
  std::vector<std::string_view> words;
  const std::size_t enough = from_right ? text.size() : max_pieces;
  for (std::size_t at = 0; at < text.size() && words.size() <= enough;) {
    const std::size_t begin = at;
    while (at < text.size() && !is_space(text, at)) at += character_size(text, at);
    if (at > begin) words.push_back(text.substr(begin, at - begin));
    while (at < text.size() && is_space(text, at)) at += character_size(text, at);
  }
  if (words.size() <= most) return words;
  if (from_right) {  // the words before the last `most` stay together, with what stands before them
    const std::string_view& last = words[words.size() - most - 1];
    const std::string_view rest(text.data(), static_cast<std::size_t>(last.data() + last.size() - text.data()));
    words.erase(words.begin(), words.end() - static_cast<std::ptrdiff_t>(most));
    words.insert(words.begin(), rest);
  } else {
    const char* begin = words[most].data();
    words.resize(most);
    words.emplace_back(begin, static_cast<std::size_t>(text.data() + text.size() - begin));
  }
  return words;
}

ASTERISM_INLINE std::vector<std::string_view> split_at(std::string_view text, std::string_view separator,
                                                       std::size_t most, bool from_right) {
  std::vector<std::string_view> out;
  while (out.size() < most && out.size() <= max_pieces) {
    const std::size_t at = from_right ? text.rfind(separator) : text.find(separator);
    if (at == std::string_view::npos) break;
    if (from_right) {
      out.push_back(text.substr(at + separator.size()));
      text = text.substr(0, at);
    } else {
      out.push_back(text.substr(0, at));
      text.remove_prefix(at + separator.size());
    }
  }
  out.push_back(text);
  if (from_right) std::reverse(out.begin(), out.end());
  return out;
}

ASTERISM_INLINE bool is_all_space(std::string_view text) {
  return detail::all_characters(text, detail::is_python_space);
}

ASTERISM_INLINE bool is_all_digits(std::string_view text) {
  return detail::all_characters(text, [](char32_t c) { return detail::category(c) == UTF8PROC_CATEGORY_ND; });
}

ASTERISM_INLINE bool is_all_letters(std::string_view text) {
  return detail::all_characters(text, detail::is_letter);
}

ASTERISM_INLINE bool is_all_letters_or_digits(std::string_view text) {
  return detail::all_characters(text, [](char32_t c) { return detail::is_letter(c) || is_numeric(c); });
}

ASTERISM_INLINE bool is_lower(std::string_view text) { return detail::is_in_one_case(text, detail::Case::lower); }

ASTERISM_INLINE bool is_upper(std::string_view text) { return detail::is_in_one_case(text, detail::Case::upper); }

}  // namespace asterism::text::jinja
