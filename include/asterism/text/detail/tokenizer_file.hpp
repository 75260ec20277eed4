// A tokenizer.json as it is read: its vocabulary and its merges, which are nearly all of it, never become JSON values.
#pragma once

#include <cstddef>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/merges.hpp"
#include "asterism/text/detail/vocabulary.hpp"

namespace asterism::text {

struct TokenizerFile {
  /// The document, where `model.vocab` and `model.merges` are empty.
  json::Value document;
  Vocabulary::Builder tokens;
  Merges::Builder rules;
};

/// JSON values that a tokenizer.json may have beside its vocabulary and its merges: eight make an added token.
inline constexpr std::size_t max_settings = 1U << 20U;

/// Reads a tokenizer.json event by event. A vocabulary is an object {"token": id, ..}; merges are an array, in order of
/// rank, each a string "left right" or an array ["left", "right"], all alike. FormatError for other entries of the two,
/// for what json::parse refuses, and for more than `max_settings` values. A vocabulary or merges of another kind are
/// skipped and stand empty in the document, for whoever knows the model to refuse. Time and memory linear in the bytes.
TokenizerFile read_tokenizer_file(std::string_view bytes, std::string_view where);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/tokenizer_file_impl.hpp"
#endif
