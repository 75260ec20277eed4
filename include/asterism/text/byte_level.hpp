// The byte-level alphabet: one printable character for each of the 256 bytes, so that a vocabulary of strings can
// hold any bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/text/utf8.hpp"

namespace asterism::text {

/// Code point of the character that stands for each byte: itself for 0x21 to 0x7E, 0xA1 to 0xAC and 0xAE to 0xFF,
/// and for the others U+0100 onwards in their order.
/// Source: GPT-2, `bytes_to_unicode`.
inline constexpr std::array<char16_t, 256> byte_level_characters = [] {
  std::array<char16_t, 256> characters{};
  char16_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    characters[byte] = printable ? static_cast<char16_t>(byte) : next++;
  }
  return characters;
}();

/// How many code points from U+0000 on the alphabet lies in.
inline constexpr std::size_t byte_level_end = 0x144;

namespace detail {

inline constexpr std::array<std::int16_t, byte_level_end> byte_level_bytes = [] {
  std::array<std::int16_t, byte_level_end> bytes{};
  for (std::int16_t& byte : bytes) byte = -1;
  for (unsigned byte = 0; byte < 256; ++byte) bytes[byte_level_characters[byte]] = static_cast<std::int16_t>(byte);
  return bytes;
}();

}  // namespace detail

/// Appends the alphabet's character for each byte of `bytes`.
inline void append_byte_level(std::string& out, std::string_view bytes) {
  for (const char c : bytes) append_code_point(out, byte_level_characters[static_cast<unsigned char>(c)]);
}

/// Appends the bytes that `text`, valid UTF-8, stands for; where a character is not in the alphabet, the bytes of
/// the whole text as they are.
inline void append_bytes_of(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    at += c.size;
    if (c.value >= byte_level_end || detail::byte_level_bytes[c.value] < 0) {
      out.resize(before);
      out += text;
      return;
    }
    out += static_cast<char>(static_cast<unsigned char>(detail::byte_level_bytes[c.value]));
  }
}

}  // namespace asterism::text
