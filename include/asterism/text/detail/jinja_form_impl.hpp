// Bodies of jinja_form.hpp.
#pragma once

#include <cstddef>

#include "asterism/text/detail/jinja_form.hpp"

namespace asterism::text {

namespace detail {

ASTERISM_INLINE bool is_jinja_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/// The inside of a tag without insignificant white space, and with strings in single quotes if possible.
ASTERISM_INLINE std::string jinja_tag_form(std::string_view inside) {
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::string out;
  bool space = false;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const char c = inside[i];
    if (is_jinja_space(c)) {
      space = true;
      continue;
    }
    if (space && !out.empty() && is_name(out.back()) && is_name(c)) out += ' ';
    space = false;
    if (c != '\'' && c != '"') {
      out += c;
      continue;
    }
    std::size_t end = i + 1;
    while (end < inside.size() && inside[end] != c) end += inside[end] == '\\' ? 2 : 1;
    const std::string_view content =
        inside.substr(i + 1, end < inside.size() ? end - i - 1 : std::string_view::npos);
    const bool plain = content.find('\'') == std::string_view::npos;
    out += plain ? '\'' : c;
    out += content;
    out += plain ? '\'' : c;
    i = end;
  }
  return out;
}

/// Where the tag that is open at `at` closes, outside of strings; npos if it does not.
ASTERISM_INLINE std::size_t jinja_tag_end(std::string_view source, std::size_t at, std::string_view closing) {
  for (; at < source.size(); ++at) {
    if (source.substr(at).starts_with(closing)) return at;
    if (closing == "#}" || (source[at] != '\'' && source[at] != '"')) continue;
    const char quote = source[at];
    for (++at; at < source.size() && source[at] != quote; ++at) at += source[at] == '\\' ? 1 : 0;
  }
  return std::string_view::npos;
}

}  // namespace detail

ASTERISM_INLINE std::string jinja_form(std::string_view source) {
  constexpr std::string_view broken = "{%broken";
  std::string plain;
  for (const char c : source) {
    if (c != '\r') plain += c;
  }
  if (plain.ends_with('\n')) plain.pop_back();
  source = plain;

  std::string out;
  bool strip_left = false;     // the tag before ended with -
  bool strip_newline = false;  // the tag before was a block
  for (std::size_t at = 0; at <= source.size();) {
    std::size_t tag = at;
    while (tag < source.size() && (source[tag] != '{' || tag + 1 == source.size() ||
                                   (source[tag + 1] != '{' && source[tag + 1] != '%' && source[tag + 1] != '#'))) {
      ++tag;
    }
    const bool has_tag = tag < source.size();
    const char kind = has_tag ? source[tag + 1] : '\0';
    const char mark = has_tag && tag + 2 < source.size() ? source[tag + 2] : '\0';
    std::string_view text = source.substr(at, tag - at);
    const bool on_new_line = at == 0;
    if (strip_left) {
      while (!text.empty() && detail::is_jinja_space(text.front())) text.remove_prefix(1);
    } else if (strip_newline && text.starts_with('\n')) {
      text.remove_prefix(1);
    }
    if (mark == '-') {
      while (!text.empty() && detail::is_jinja_space(text.back())) text.remove_suffix(1);
    } else if ((kind == '%' || kind == '#') && mark != '+') {
      std::size_t end = text.size();
      while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\t')) --end;
      const std::size_t raw_end = tag - (text.size() - end);  // where those blanks begin in the source
      if ((end == 0 && on_new_line) || (raw_end > 0 && source[raw_end - 1] == '\n')) text = text.substr(0, end);
    }
    out += text;
    if (!has_tag) return out;

    const std::size_t inside = tag + 2 + (mark == '-' || mark == '+' ? 1 : 0);
    const std::string_view closing = kind == '{' ? "}}" : kind == '%' ? "%}" : "#}";
    std::size_t end = detail::jinja_tag_end(source, inside, closing);
    if (end == std::string_view::npos) return std::string(broken);
    at = end + 2;
    strip_left = end > inside && source[end - 1] == '-';
    const bool keeps_newline = end > inside && source[end - 1] == '+';
    strip_newline = kind != '{' && !keeps_newline;
    if (strip_left || (keeps_newline && kind != '{')) --end;
    if (kind == '#') continue;
    out += kind == '{' ? "{{" : "{%";
    out += detail::jinja_tag_form(source.substr(inside, end - inside));
    out += closing;
  }
  return out;
}

}  // namespace asterism::text
