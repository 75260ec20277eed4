// The words of a text, and runs of characters of a word: what hashed features are made of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::encode {

/// Folds a text (knowledge::folded); bytes that are no UTF-8 count as U+FFFD.
std::string folded(std::string_view text);

/// The words of a folded text, in order: runs of letters, marks and digits, and single other characters that are no
/// white space. They refer to the text.
std::vector<std::string_view> words_of(std::string_view folded);

/// Runs of `length` characters of a word with a blank at both ends, in order; none where it has fewer. `spaced` becomes
/// that word, to which the runs refer.
std::vector<std::string_view> grams_of(std::string_view word, std::size_t length, std::string& spaced);

}  // namespace asterism::encode

#if !defined(ASTERISM_COMPILED)
#include "asterism/encode/words_impl.hpp"
#endif
