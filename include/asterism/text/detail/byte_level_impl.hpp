// Bodies of byte_level.hpp.
#pragma once

#include "asterism/text/detail/byte_level.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::text {

namespace detail {

inline constexpr std::array<std::int16_t, byte_level_end> byte_level_bytes = [] {
  std::array<std::int16_t, byte_level_end> bytes{};
  for (std::int16_t& byte : bytes) byte = -1;
  for (unsigned byte = 0; byte < 256; ++byte) bytes[byte_level_characters[byte]] = static_cast<std::int16_t>(byte);
  return bytes;
}();

}  // namespace detail

ASTERISM_INLINE void append_byte_level(std::string& out, std::string_view bytes) {
  for (const char c : bytes) append_code_point(out, byte_level_characters[static_cast<unsigned char>(c)]);
}

ASTERISM_INLINE void append_bytes_of(std::string& out, std::string_view text) {
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
