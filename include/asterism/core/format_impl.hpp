// Bodies of format.hpp.
#pragma once

#include <charconv>
#include <cmath>

#include "asterism/core/format.hpp"

namespace asterism {

namespace detail {

template <class Number>
NumberText text_of_number(Number value) {
  NumberText out;
  const char* end = std::to_chars(out.characters, out.characters + sizeof out.characters, value).ptr;
  out.size = static_cast<std::size_t>(end - out.characters);
  return out;
}

[[gnu::noinline]] ASTERISM_INLINE NumberText number_text(std::int64_t value) { return text_of_number(value); }
[[gnu::noinline]] ASTERISM_INLINE NumberText number_text(std::uint64_t value) { return text_of_number(value); }
[[gnu::noinline]] ASTERISM_INLINE NumberText number_text(float value) { return text_of_number(value); }
[[gnu::noinline]] ASTERISM_INLINE NumberText number_text(double value) { return text_of_number(value); }

[[gnu::noinline]] ASTERISM_INLINE std::string join(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string out;
  out.reserve(size);
  for (const std::string_view part : parts) out += part;
  return out;
}

}  // namespace detail

ASTERISM_INLINE std::string fixed(double value, int digits) {
  char buffer[400];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, digits).ptr};
}

ASTERISM_INLINE std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
  return count;
}

ASTERISM_INLINE std::string pad_right(std::string_view text, std::size_t width) {
  std::string out(text);
  if (columns(text) < width) out.append(width - columns(text), ' ');
  return out;
}

ASTERISM_INLINE std::string pad_left(std::string_view text, std::size_t width) {
  std::string out;
  if (columns(text) < width) out.append(width - columns(text), ' ');
  return out += text;
}

ASTERISM_INLINE std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t count = text.size() < limit ? text.size() : limit;
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

ASTERISM_INLINE std::string bar(double share, std::size_t width) {
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
