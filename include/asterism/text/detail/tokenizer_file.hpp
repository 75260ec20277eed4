// A parsed tokenizer.json. Its vocabulary and merges, nearly all of the file, never become JSON values.
#pragma once

#include <cstddef>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/merges.hpp"
#include "asterism/text/detail/vocabulary.hpp"

namespace asterism::text {

struct TokenizerFile {
  /// The document, with empty `model.vocab` and `model.merges`.
  json::Value document;
  Vocabulary::Builder tokens;
  Merges::Builder rules;
};

/// Maximum JSON values of a tokenizer.json besides its vocabulary and merges: an added token has eight.
inline constexpr std::size_t max_settings = 1U << 20U;

/// Reads a tokenizer.json event by event. A vocabulary is an object {"token": id, ..}; merges are an array, in
/// order of rank, of either strings "left right" or arrays ["left", "right"]. FormatError for other entries in the
/// two, for what json::parse refuses, and for more than `max_settings` values. A vocabulary or merges of another
/// type are skipped and empty in the document, to be refused by the reader of the model. Time and memory linear in
/// the bytes.
TokenizerFile read_tokenizer_file(std::string_view bytes, std::string_view where);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/tokenizer_file_impl.hpp"
#endif
