// Properties of characters and Unicode normal forms, as Hugging Face's tokenizers define them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::text {

/// The Unicode property White_Space.
bool is_white_space(char32_t c);

/// The general categories Nd, Nl and No.
bool is_numeric(char32_t c);

/// ASCII punctuation (with $ + < = > ^ ` | ~) and the general categories P*.
bool is_punctuation(char32_t c);

/// A word character: Alphabetic, M*, Nd, Pc or Join_Control.
/// Source: Unicode Technical Standard 18, annex C, `\w`.
bool is_word(char32_t c);

/// The four normal forms of Unicode Standard Annex 15.
enum class NormalForm : std::uint8_t { nfc, nfd, nfkc, nfkd };

/// `text`, which must be valid UTF-8, in a normal form. Characters newer than utf8proc's Unicode version stay
/// unchanged. Time O(n log n). Thread-safe.
std::string normalize(std::string_view text, NormalForm form);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/unicode_impl.hpp"
#endif
