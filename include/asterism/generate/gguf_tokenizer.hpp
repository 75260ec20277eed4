// The tokenizer in the metadata of a GGUF file.
#pragma once

#include <optional>

#include "asterism/checkpoint/fwd.hpp"
#include "asterism/core/config.hpp"
#include "asterism/text/token_table.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::generate {

/// The table of tokens that the keys `tokenizer.ggml.*` hold; it borrows from the metadata. Models are `gpt2`, with the
/// pre-tokenizers of text::TokenTable, and `llama`. What a file leaves out is as llama.cpp has it: `llama` begins texts
/// with id 1 and a space, `llama-bpe` with the token that begins a text, others with none. FormatError for a missing
/// key or one of another type, Unsupported for another model. Source: ggml, docs/gguf.md; llama.cpp,
/// `llama_vocab::impl::load`.
text::TokenTable gguf_token_table(const checkpoint::GgufMetadata& metadata);

/// The tokenizer of a GGUF file; none if it has no `tokenizer.ggml.model`, or "none". Throws as gguf_token_table and
/// text::Tokenizer::from_table.
std::optional<text::Tokenizer> gguf_tokenizer(const checkpoint::GgufMetadata& metadata);

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/gguf_tokenizer_impl.hpp"
#endif
