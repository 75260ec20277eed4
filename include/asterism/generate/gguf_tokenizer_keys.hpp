// The tokenizer of a folder as the metadata of a GGUF file.
#pragma once

#include <string>

#include "asterism/checkpoint/fwd.hpp"
#include "asterism/core/config.hpp"

namespace asterism::generate {

/// Adds the keys `tokenizer.ggml.*`, but for the ids that `config` has, and `tokenizer.chat_template`, of the
/// tokenizer.json and the chat template in `folder`. The list of tokens is as long as the model's vocabulary. Written
/// is what gguf_token_table reads as the same tokenizer: its normalizer, pre-tokenizer, decoder and merges are compared
/// with those of the file. Unsupported, naming what differs, where GGUF does not express them; FileError, FormatError
/// as text::Tokenizer::from_file.
void add_gguf_tokenizer(checkpoint::GgufKeys& keys, const std::string& folder,
                        const checkpoint::ModelConfig& config);

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/gguf_tokenizer_keys_impl.hpp"
#endif
