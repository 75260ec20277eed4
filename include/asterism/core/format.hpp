// Text for people: messages and aligned tables without <format>, which g++ 12 lacks, and without
// <iostream>, which costs every includer a quarter of a second.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace asterism {

namespace detail {

inline void append(std::string& out, std::string_view text) { out += text; }
inline void append(std::string& out, char c) { out += c; }

template <std::integral T>
void append(std::string& out, T value) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else {
    char buffer[24];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  }
}

template <std::floating_point T>
void append(std::string& out, T value) {
  char buffer[40];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

}  // namespace detail

/// The arguments one after the other; numbers in the shortest form that reads back exactly.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
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
