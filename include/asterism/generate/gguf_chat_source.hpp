// The chat template in the metadata of a GGUF file, and the texts of the special tokens that it writes.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asterism/checkpoint/fwd.hpp"
#include "asterism/core/config.hpp"

namespace asterism::generate {

/// What a chat template is made of.
struct GgufChatSource {
  std::string source;  ///< the Jinja program
  /// Names of special tokens, as tokenizer_config.json has them, and their texts: `{"bos_token", "<s>"}`.
  std::vector<std::pair<std::string, std::string>> tokens;
};

/// The key `tokenizer.chat_template` with the tokens of the ids `tokenizer.ggml.*_token_id`; none if it is absent.
/// FormatError for a key of another type or an id outside the vocabulary. Source: ggml, docs/gguf.md.
std::optional<GgufChatSource> gguf_chat_source(const checkpoint::GgufMetadata& metadata);

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/gguf_chat_source_impl.hpp"
#endif
