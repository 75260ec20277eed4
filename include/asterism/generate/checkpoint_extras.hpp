// The files of a checkpoint besides its weights: configuration, tokenizer, chat template.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/prompt.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/text/chat_template.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism {

/// The files of a checkpoint besides its weights. Immutable once read; thread-safe.
struct CheckpointExtras {
  checkpoint::ModelConfig config;
  checkpoint::GenerationConfig generation;
  std::optional<text::Tokenizer> tokenizer;
  std::optional<text::ChatTemplate> chat_template;
  checkpoint::PassedOver passed_over{};  ///< set by `load`
  std::string format_changes{};          ///< lines of the memory report; set by `load`
  std::uint64_t fingerprint = 0;  ///< of weights, config.json and tokenizer.json; set by `load`, 0 unless it was

  /// Reads generation_config.json, tokenizer.json and the chat template, each if present, from a folder, whose
  /// config.json is `config`; of a GGUF file the tokenizer, if present, in its metadata. Throws FileError, FormatError,
  /// Unsupported if one can't be read.
  static CheckpointExtras read(const std::string& path, checkpoint::ModelConfig config);

  /// Throws FileError if the checkpoint at `path` has no tokenizer: no tokenizer.json in a folder, no
  /// tokenizer.ggml.model in a GGUF file.
  static void require_tokenizer(const std::string& path);

  /// `weights`, the checkpoint's checkpoint::fingerprint, with the bytes of config.json and, if present,
  /// tokenizer.json, or of a GGUF file's metadata: FNV-1a, never 0. Throws FileError if one can't be read.
  static std::uint64_t fingerprint_of(const std::string& path, std::uint64_t weights);

  /// Throws FileError if the checkpoint has no tokenizer.
  const text::Tokenizer& required_tokenizer() const;
  /// Throws FileError if the checkpoint has none; an unknown one throws when it is used, see ChatTemplate.
  const text::ChatTemplate& required_chat_template() const;
  /// The tokens of a conversation in the chat template; throws as the two functions above.
  std::vector<TokenId> encode_chat(View<const text::Message> messages) const;

  /// Prompts as options.truncation cuts them to a context: of token ids, whose special tokens at the beginning are
  /// known where there is a tokenizer; of a raw text, which the tokenizer prefixes with them; of a conversation in the
  /// chat template. InvalidArgument where what has to stay of a conversation exceeds the context.
  generate::Prompt prompt(std::vector<TokenId> tokens, const GenerateOptions& options, std::int32_t context) const;
  generate::Prompt prompt(std::string_view text, const GenerateOptions& options, std::int32_t context) const;
  generate::Prompt chat_prompt(View<const text::Message> messages, const GenerateOptions& options,
                               std::int32_t context) const;

  /// Tokens that end an answer, from generation_config.json, else config.json.
  const std::vector<TokenId>& end_tokens() const { return generation.eos.empty() ? config.eos : generation.eos; }
  /// The options recommended by generation_config.json; max_tokens at most limits.context.
  GenerateOptions recommended(const Limits& limits) const;
};

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/checkpoint_extras_impl.hpp"
#endif
