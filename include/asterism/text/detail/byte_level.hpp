// The byte-level alphabet: one printable character for each of the 256 bytes, so that a vocabulary of strings can
// hold any bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::text {

/// Code point of the character that represents each byte: itself for 0x21 to 0x7E, 0xA1 to 0xAC and 0xAE to 0xFF,
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

/// One past the alphabet's last code point.
inline constexpr std::size_t byte_level_end = 0x144;

/// Appends the alphabet's character for each byte of `bytes`.
void append_byte_level(std::string& out, std::string_view bytes);

/// Appends the bytes that `text`, valid UTF-8, represents; if a character is not in the alphabet, the bytes of the
/// whole text unchanged.
void append_bytes_of(std::string& out, std::string_view text);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/byte_level_impl.hpp"
#endif
