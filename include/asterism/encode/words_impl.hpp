// Bodies of words.hpp.
#pragma once

#include "asterism/encode/words.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/text/detail/unicode.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::encode {

ASTERISM_INLINE std::string folded(std::string_view text) {
  return knowledge::folded(text::is_valid_utf8(text) ? text : text::replace_invalid(text));
}

ASTERISM_INLINE std::vector<std::string_view> words_of(std::string_view folded) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < folded.size();) {
    const text::CodePoint c = text::code_point_at(folded, at);
    if (!text::is_word(c.value) && !text::is_numeric(c.value)) {
      if (begin != at) words.push_back(folded.substr(begin, at - begin));
      if (!text::is_white_space(c.value)) words.push_back(folded.substr(at, c.size));
      begin = at + c.size;
    }
    at += c.size;
  }
  if (begin != folded.size()) words.push_back(folded.substr(begin));
  return words;
}

ASTERISM_INLINE std::vector<std::string_view> grams_of(std::string_view word, std::size_t length,
                                                       std::string& spaced) {
  spaced.assign(1, ' ').append(word).append(1, ' ');
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < spaced.size(); at += text::code_point_at(spaced, at).size) starts.push_back(at);
  starts.push_back(spaced.size());
  std::vector<std::string_view> grams;
  for (std::size_t first = 0; first + length < starts.size(); ++first) {
    grams.push_back(std::string_view(spaced).substr(starts[first], starts[first + length] - starts[first]));
  }
  return grams;
}

}  // namespace asterism::encode
