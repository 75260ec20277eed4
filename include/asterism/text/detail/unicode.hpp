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

/// The general categories Cc, Cf and Co, but for tab, line feed and carriage return.
bool is_control(char32_t c);

/// The general category Mn.
bool is_nonspacing_mark(char32_t c);

/// An ideograph of the blocks that BERT's tokenizers set apart: U+4E00 to U+9FFF, the extensions A to E (of the last
/// one from U+2B920 on), and the compatibility ideographs. Source: Hugging Face tokenizers, `normalizers/bert`.
bool is_bert_ideograph(char32_t c);

/// Appends the lower case of `c`, whatever stands around it. Source: Unicode Standard, Lowercase_Mapping.
void append_lower_case(std::string& out, char32_t c);

/// The four normal forms of Unicode Standard Annex 15.
enum class NormalForm : std::uint8_t { nfc, nfd, nfkc, nfkd };

/// `text`, which must be valid UTF-8, in a normal form. Characters newer than utf8proc's Unicode version stay
/// unchanged. Time O(n log n). Thread-safe.
std::string normalize(std::string_view text, NormalForm form);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/unicode_impl.hpp"
#endif
