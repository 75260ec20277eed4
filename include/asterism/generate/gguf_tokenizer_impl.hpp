// Bodies of gguf_tokenizer.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/generate/gguf_tokenizer.hpp"

namespace asterism::generate {

namespace detail {

/// The key of the tokenizer called `name`.
ASTERISM_INLINE std::string tokenizer_key(std::string_view name) { return concat("tokenizer.ggml.", name); }

/// A list that has to be there.
ASTERISM_INLINE std::vector<std::string_view> required_texts(const checkpoint::GgufMetadata& metadata,
                                                             const std::string& key) {
  auto found = metadata.texts(key);
  if (!found) metadata.fail(key, "is missing");
  return *std::move(found);
}

/// An id among `count` tokens; an absent one is `usual`, as far as there is such a token.
ASTERISM_INLINE std::optional<TokenId> special_id(const checkpoint::GgufMetadata& metadata, std::string_view name,
                                                  std::size_t count, std::optional<TokenId> usual) {
  const auto last = static_cast<std::int64_t>(count) - 1;
  if (const auto id = metadata.integer(tokenizer_key(name), 0, last)) return static_cast<TokenId>(*id);
  return usual <= last ? usual : std::nullopt;
}

}  // namespace detail

ASTERISM_INLINE text::TokenTable gguf_token_table(const checkpoint::GgufMetadata& metadata) {
  using text::TokenTable;
  const std::string model_key = detail::tokenizer_key("model");
  const std::string_view model = metadata.required_text(model_key);
  if (model != "gpt2" && model != "llama") {
    throw Unsupported(concat(metadata.where(), ": metadata key '", model_key, "' is '", printable(model),
                             "'; supported are 'gpt2' and 'llama'"));
  }
  const bool pieces = model == "llama";
  TokenTable table{.model = pieces ? TokenTable::Model::sentence_pieces : TokenTable::Model::byte_level};
  table.tokens = detail::required_texts(metadata, detail::tokenizer_key("tokens"));
  const std::string kinds_key = detail::tokenizer_key("token_type");
  for (const std::int64_t kind : metadata.integers(kinds_key).value_or(std::vector<std::int64_t>())) {
    if (kind < 1 || kind > 6) metadata.fail(kinds_key, concat("has the type ", kind, ", expected 1 to 6"));
    table.kinds.push_back(static_cast<TokenTable::Kind>(kind));
  }
  if (pieces) {
    const std::string scores_key = detail::tokenizer_key("scores");
    auto scores = metadata.numbers(scores_key);
    if (!scores) metadata.fail(scores_key, "is missing");
    table.scores = *std::move(scores);
    table.unknown = detail::special_id(metadata, "unknown_token_id", table.tokens.size(), 0);
  } else {
    table.pre_tokenizer = metadata.required_text(detail::tokenizer_key("pre"));
    table.merges = detail::required_texts(metadata, detail::tokenizer_key("merges"));
  }
  const auto usual = [&](TokenId id) { return pieces ? std::optional<TokenId>(id) : std::nullopt; };
  table.begin = detail::special_id(metadata, "bos_token_id", table.tokens.size(), usual(1));
  table.end = detail::special_id(metadata, "eos_token_id", table.tokens.size(), usual(2));
  const auto flag = [&](std::string_view name, bool if_absent) {
    return metadata.boolean(detail::tokenizer_key(name)).value_or(if_absent);
  };
  table.add_begin = flag("add_bos_token", pieces || table.pre_tokenizer == "llama-bpe");
  table.add_end = flag("add_eos_token", false);
  table.add_space_prefix = flag("add_space_prefix", true);
  return table;
}

ASTERISM_INLINE std::optional<text::Tokenizer> gguf_tokenizer(const checkpoint::GgufMetadata& metadata) {
  if (metadata.text(detail::tokenizer_key("model")).value_or("none") == "none") return std::nullopt;
  return text::Tokenizer::from_table(gguf_token_table(metadata), metadata.where());
}

}  // namespace asterism::generate
