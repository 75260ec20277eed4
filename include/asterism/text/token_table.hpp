// A tokenizer as a table of tokens: what GGUF files hold in the place of a tokenizer.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "asterism/core/fwd.hpp"

namespace asterism::text {

/// The tokens of a tokenizer by id, with what else decides about ids. Borrows its texts.
/// Source: ggml, docs/gguf.md, the keys `tokenizer.ggml.*`.
struct TokenTable {
  enum class Model : std::uint8_t {
    byte_level,  ///< `gpt2`: merges of characters that stand for bytes
    sentence_pieces  ///< `llama`: neighbours whose token has the highest score are merged; unknown characters are bytes
  };
  /// Numbered as in GGUF.
  enum class Kind : std::uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

  Model model = Model::byte_level;
  std::string_view pre_tokenizer{};  ///< of byte_level: "gpt-2", "qwen2" or "llama-bpe"
  std::vector<std::string_view> tokens{};
  std::vector<Kind> kinds{};               ///< as many as tokens, or none: all normal
  std::vector<float> scores{};             ///< of sentence_pieces, as many as tokens
  std::vector<std::string_view> merges{};  ///< of byte_level: "left right", in order of rank
  std::optional<TokenId> unknown{};
  std::optional<TokenId> begin{};  ///< before a text, if add_begin
  std::optional<TokenId> end{};    ///< behind a text, if add_end
  bool add_begin = false;
  bool add_end = false;
  bool add_space_prefix = true;  ///< of sentence_pieces: a text begins with a space
};

}  // namespace asterism::text
