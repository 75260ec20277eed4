// Bodies of word_piece.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/text/detail/component.hpp"
#include "asterism/text/detail/tokenizer_file.hpp"
#include "asterism/text/detail/utf8.hpp"
#include "asterism/text/detail/word_piece.hpp"

namespace asterism::text {

ASTERISM_INLINE WordPiece WordPiece::from_file(TokenizerFile& file, std::string_view where) {
  const json::Value& object = json::require_object(file.document, "model", where);
  check_keys(object, {"unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"},
             "model WordPiece", where);
  WordPiece model;
  model.unknown_ = json::require_string(object, "unk_token", where);
  model.prefix_ = require_short_string(Component{object, "model", where}, "continuing_subword_prefix");
  model.most_characters_ = static_cast<std::size_t>(json::require_integer(
      object, "max_input_chars_per_word", where, 0, std::numeric_limits<std::int32_t>::max()));
  json::check_object(json::require_field(object, "vocab", where), "the vocabulary", where);
  model.vocabulary_ = Vocabulary(std::exchange(file.tokens, {}), where);
  return model;
}

ASTERISM_INLINE WordPiece::Found WordPiece::longest_at(std::string_view rest, bool continues,
                                                       std::string& spelt) const {
  spelt = continues ? prefix_ : std::string();
  const std::size_t before = spelt.size();
  const std::size_t most = vocabulary_.longest() - std::min(vocabulary_.longest(), before);
  spelt += rest.substr(0, most);
  for (std::size_t size = spelt.size() - before; size > 0; --size) {
    const std::optional<TokenId> id = vocabulary_.find(std::string_view(spelt).substr(0, before + size));
    if (id) return {*id, size};
  }
  return {};
}

ASTERISM_INLINE void WordPiece::encode(std::string_view word, std::vector<TokenId>& out) const {
  std::size_t characters = 0;
  for (const char c : word) characters += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  const std::size_t first = out.size();
  std::string spelt;
  bool known = characters <= most_characters_;
  for (std::size_t at = 0; known && at < word.size();) {
    const Found found = longest_at(word.substr(at), at > 0, spelt);
    known = found.id >= 0;
    if (known) out.push_back(found.id);
    at += found.size;
  }
  if (known) return;
  out.resize(first);
  const std::optional<TokenId> unknown = vocabulary_.find(unknown_);
  if (!unknown) {
    throw InvalidArgument(concat("the vocabulary has no tokens for the word '", printable(word, 60),
                                 "', nor the unknown token '", printable(unknown_, 60), "'"));
  }
  out.push_back(*unknown);
}

}  // namespace asterism::text
