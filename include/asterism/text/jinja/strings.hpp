// Python's operations on text, in UTF-8: characters are code points, and an invalid byte is a character of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::text::jinja {

/// The bytes of the character that begins at `at` < text.size(), 1 to 4.
std::size_t character_size(std::string_view text, std::size_t at);

/// Characters of a text: Python's `len`.
std::size_t length_of(std::string_view text);

/// Where the character `index` begins; the end of the text if it has fewer.
std::size_t offset_of(std::string_view text, std::size_t index);

/// Where each character begins, and the end of the text.
std::vector<std::size_t> character_starts(std::string_view text);

/// Python's `str.isspace` of the character that begins at `at`.
bool is_space(std::string_view text, std::size_t at);

enum class Side : std::uint8_t { left, right, both };

/// `text` without white space at its ends.
std::string_view strip(std::string_view text, Side side = Side::both);
/// `text` without characters of `unwanted` at its ends.
std::string_view strip(std::string_view text, std::string_view unwanted, Side side = Side::both);

/// Whether `text` has a character whose case Python maps otherwise than one by one: final sigma, ligatures and some
/// Greek letters. `upper` and `lower` must not be asked for these.
bool has_special_case(std::string_view text);
std::string upper(std::string_view text);
std::string lower(std::string_view text);
/// First character in upper case, all others in lower case.
std::string capitalize(std::string_view text);
/// Python's `str.title`: words are runs of cased characters.
std::string title(std::string_view text);

/// What cuts a text from its beginning stops when there are more pieces than this: no rendering has room for them.
inline constexpr std::size_t max_pieces = 1U << 18U;

/// Lines without their ends, as `str.splitlines`.
std::vector<std::string_view> split_lines(std::string_view text);
/// Words between white space, at most `most` splits from the left, or from the right; none if `most` is 0.
std::vector<std::string_view> split_words(std::string_view text, std::size_t most, bool from_right);
/// Pieces between `separator`s, which is not empty.
std::vector<std::string_view> split_at(std::string_view text, std::string_view separator, std::size_t most,
                                       bool from_right);

/// Python's properties of a whole text: at least one character, and each of the kind.
bool is_all_space(std::string_view text);
bool is_all_digits(std::string_view text);
bool is_all_letters(std::string_view text);
bool is_all_letters_or_digits(std::string_view text);
/// Python's `islower` and `isupper`: cased characters, none of the other case.
bool is_lower(std::string_view text);
bool is_upper(std::string_view text);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/strings_impl.hpp"
#endif
