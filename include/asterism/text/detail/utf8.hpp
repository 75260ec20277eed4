// UTF-8, byte by byte: complete, invalid and incomplete characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::text {

/// U+FFFD in UTF-8: the replacement for invalid bytes.
inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// The bytes at one position.
struct Utf8Unit {
  enum class Kind : std::uint8_t {
    character,   ///< `size` bytes, 1 to 4, are one character
    invalid,     ///< `size` bytes, 1 to 3, are a maximal subpart: one U+FFFD stands for all of them
    incomplete,  ///< the text ends inside a character; the last `size` bytes, 1 to 3, are its beginning
  };
  Kind kind = Kind::character;
  std::size_t size = 0;
};

/// The unit that begins at `at` < text.size(). Surrogates, overlong forms and values above U+10FFFF are invalid.
/// Source: The Unicode Standard, table 3-7 and section 3.9, "U+FFFD Substitution of Maximal Subparts".
Utf8Unit utf8_unit(std::string_view text, std::size_t at);

bool is_valid_utf8(std::string_view text);

/// `text` with one U+FFFD for each invalid maximal subpart, equal to Python's `bytes.decode('utf-8',
/// errors='replace')`.
std::string replace_invalid(std::string_view text);

/// A character of valid UTF-8: its code point and the number of its bytes.
struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;
};

/// The character that begins at `at` < text.size(). `text` must be valid UTF-8.
CodePoint code_point_at(std::string_view text, std::size_t at);

/// The character that ends before `end`, 0 < end <= text.size(). `text` must be valid UTF-8.
CodePoint code_point_before(std::string_view text, std::size_t end);

/// Appends the UTF-8 of `value`, a code point below 0x110000 that is not a surrogate.
void append_code_point(std::string& out, char32_t value);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/utf8_impl.hpp"
#endif
