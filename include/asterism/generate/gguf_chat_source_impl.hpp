// Bodies of gguf_chat_source.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/gguf_chat_source.hpp"

namespace asterism::generate {

ASTERISM_INLINE std::optional<GgufChatSource> gguf_chat_source(const checkpoint::GgufMetadata& metadata) {
  const auto source = metadata.text("tokenizer.chat_template");
  if (!source) return std::nullopt;
  GgufChatSource out{.source = std::string(*source), .tokens = {}};
  const std::vector<std::string_view> tokens =
      metadata.texts("tokenizer.ggml.tokens").value_or(std::vector<std::string_view>());
  const auto last = static_cast<std::int64_t>(tokens.size()) - 1;
  for (const auto& [name, key] : {std::pair<std::string_view, std::string_view>("bos_token", "bos_token_id"),
                                  {"eos_token", "eos_token_id"},
                                  {"unk_token", "unknown_token_id"},
                                  {"pad_token", "padding_token_id"}}) {
    const auto id = metadata.integer(concat("tokenizer.ggml.", key), 0, last);
    if (id) out.tokens.emplace_back(name, tokens[static_cast<std::size_t>(*id)]);
  }
  return out;
}

}  // namespace asterism::generate
