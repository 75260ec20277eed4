// Text for people: messages and aligned tables without <format>, which g++ 12 lacks, and without
// <iostream>, which costs every includer a quarter of a second.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace asterism {

namespace detail {

/// The characters of a number.
struct NumberText {
  char characters[40];
  std::size_t size = 0;

  // NOLINTNEXTLINE(google-explicit-constructor): it is a text as good as any
  operator std::string_view() const { return {characters, size}; }
};

// What `concat` says is compiled once and never inlined: its callers are many, most of them messages of errors.

template <class Number>
[[gnu::noinline]] NumberText number_text(Number value) {
  NumberText out;
  const char* end = std::to_chars(out.characters, out.characters + sizeof out.characters, value).ptr;
  out.size = static_cast<std::size_t>(end - out.characters);
  return out;
}

[[gnu::noinline]] inline std::string join(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string out;
  out.reserve(size);
  for (const std::string_view part : parts) out += part;
  return out;
}

inline std::string_view text_of(std::string_view text) { return text; }
inline std::string_view text_of(const char& c) { return {&c, 1}; }

template <std::integral T>
auto text_of(T value) {
  if constexpr (std::same_as<T, bool>) {
    return std::string_view(value ? "true" : "false");
  } else if constexpr (std::signed_integral<T>) {
    return number_text(std::int64_t{value});
  } else {
    return number_text(std::uint64_t{value});
  }
}

template <std::floating_point T>
NumberText text_of(T value) {
  return number_text(value);
}

}  // namespace detail

/// The arguments one after the other; numbers in the shortest form that reads back exactly.
template <class... Parts>
std::string concat(const Parts&... parts) {
  return detail::join({detail::text_of(parts)...});
}

/// `value` with `digits` digits after the point, 0 <= digits <= 20.
inline std::string fixed(double value, int digits) {
  char buffer[400];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, digits).ptr};
}

/// The number of columns that UTF-8 text takes on a terminal: one for each code point.
inline std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
  return count;
}

/// `text` followed by blanks up to `width` columns.
inline std::string pad_right(std::string_view text, std::size_t width) {
  std::string out(text);
  if (columns(text) < width) out.append(width - columns(text), ' ');
  return out;
}

/// Blanks up to `width` columns, then `text`.
inline std::string pad_left(std::string_view text, std::size_t width) {
  std::string out;
  if (columns(text) < width) out.append(width - columns(text), ' ');
  return out += text;
}

/// Text of a file as a message may show it: control characters escaped, at most `limit` bytes of it.
inline std::string printable(std::string_view text, std::size_t limit = 160) {
  std::string out;
  std::size_t count = std::min(text.size(), limit);
  // Never cut a UTF-8 character in two: step back over its continuation bytes.
  while (count < text.size() && count > 0 && (static_cast<unsigned char>(text[count]) & 0xC0U) == 0x80U) --count;
  for (const char c : text.substr(0, count)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20U || byte == 0x7FU) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += "\\x";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
  if (count < text.size()) out += "...";
  return out;
}

/// A bar of `width` columns of which `share` (0 to 1, clamped) is filled, in eighths of a column.
inline std::string bar(double share, std::size_t width) {
  constexpr std::string_view eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!(share > 0)) share = 0;
  if (share > 1) share = 1;
  const auto filled = static_cast<std::size_t>(std::llround(share * static_cast<double>(width) * 8));
  std::string out;
  for (std::size_t i = 0; i < filled / 8; ++i) out += "█";
  out += eighths[filled % 8];
  return pad_right(out, width);
}

}  // namespace asterism
