// Bodies of checkpoint_extras.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/weight_files.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/fnv1a.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/checkpoint_extras.hpp"
#include "asterism/generate/gguf_chat_source.hpp"
#include "asterism/generate/gguf_tokenizer.hpp"

namespace asterism {

ASTERISM_INLINE CheckpointExtras CheckpointExtras::read(const std::string& path, checkpoint::ModelConfig config) {
  CheckpointExtras out{.config = std::move(config), .generation = {}, .tokenizer = {}, .chat_template = {}};
  if (checkpoint::is_gguf(path)) {
    const checkpoint::GgufStore store(path);
    out.tokenizer = generate::gguf_tokenizer(store.metadata());
    if (auto chat = generate::gguf_chat_source(store.metadata())) {
      out.chat_template = text::ChatTemplate::from_source(chat->source, std::move(chat->tokens), path);
    }
    return out;
  }
  out.generation = checkpoint::read_generation_config(path);
  if (file::path_kind(path + "/tokenizer.json") != file::PathKind::missing) {
    out.tokenizer = text::Tokenizer::from_file(path + "/tokenizer.json");
    out.chat_template = text::ChatTemplate::from_directory(path);
  }
  return out;
}

ASTERISM_INLINE void CheckpointExtras::require_tokenizer(const std::string& path) {
  const std::string_view key = "tokenizer.ggml.model";
  const bool gguf = checkpoint::is_gguf(path);
  const bool there = gguf ? checkpoint::GgufStore(path).metadata().text(key).value_or("none") != "none"
                          : file::path_kind(path + "/tokenizer.json") != file::PathKind::missing;
  if (!there) throw FileError(concat(path, ": has no ", gguf ? key : "tokenizer.json", ", which prompts need"));
}

ASTERISM_INLINE std::uint64_t CheckpointExtras::fingerprint_of(const std::string& path, std::uint64_t weights) {
  constexpr std::uint64_t max_file_bytes = 64U << 20U;
  Fnv1a hash(weights);
  if (checkpoint::is_gguf(path)) {
    const checkpoint::GgufStore store(path);
    const View<const std::byte> metadata = store.metadata().bytes();
    hash.add(std::string_view(reinterpret_cast<const char*>(metadata.data), metadata.size));
    return hash.value() == 0 ? 1 : hash.value();
  }
  for (const char* name : {"/config.json", "/tokenizer.json"}) {
    if (file::path_kind(path + name) == file::PathKind::missing) continue;
    hash.add(file::read_file(path + name, max_file_bytes));
    hash.add(0x100U);  // ends the file
  }
  return hash.value() == 0 ? 1 : hash.value();
}

ASTERISM_INLINE const text::Tokenizer& CheckpointExtras::required_tokenizer() const {
  if (!tokenizer) {
    throw FileError("the checkpoint has no tokenizer, no tokenizer.json or tokenizer.ggml.model of a GGUF file: only "
                    "calls that take token ids are possible");
  }
  return *tokenizer;
}

ASTERISM_INLINE const text::ChatTemplate& CheckpointExtras::required_chat_template() const {
  if (!chat_template) {
    throw FileError("the checkpoint has no chat template: chat() needs one, generate() does not");
  }
  return *chat_template;
}

ASTERISM_INLINE std::vector<TokenId> CheckpointExtras::encode_chat(View<const text::Message> messages) const {
  const std::string prompt = required_chat_template().render(messages);
  return required_tokenizer().encode(prompt, {.add_special_tokens = false});
}

ASTERISM_INLINE generate::Prompt CheckpointExtras::prompt(std::vector<TokenId> tokens,
                                                          const GenerateOptions& options,
                                                          std::int32_t context) const {
  std::size_t special = 0;
  if (options.truncation != Truncation::refuse && tokenizer) {
    const std::vector<TokenId> alone = tokenizer->encode("");
    while (special < alone.size() && special < tokens.size() && alone[special] == tokens[special]) ++special;
  }
  return generate::fit(std::move(tokens), special, options, context);
}

ASTERISM_INLINE generate::Prompt CheckpointExtras::prompt(std::string_view text, const GenerateOptions& options,
                                                          std::int32_t context) const {
  return prompt(required_tokenizer().encode(text), options, context);
}

ASTERISM_INLINE generate::Prompt CheckpointExtras::chat_prompt(View<const text::Message> messages,
                                                               const GenerateOptions& options,
                                                               std::int32_t context) const {
  const auto encode = [this](View<const text::Message> some) { return encode_chat(some); };
  return generate::fit(messages, encode, options, context);
}

ASTERISM_INLINE GenerateOptions CheckpointExtras::recommended(const Limits& limits) const {
  GenerateOptions options;
  if (generation.do_sample.value_or(false)) {
    options.temperature = static_cast<float>(generation.temperature.value_or(1.0));
    options.top_k = static_cast<std::int32_t>(generation.top_k.value_or(50));
    // 0 keeps only the best token, and so does the smallest number allowed here.
    options.top_p =
        std::max(static_cast<float>(generation.top_p.value_or(1.0)), std::numeric_limits<float>::min());
    options.min_p = static_cast<float>(generation.min_p.value_or(0.0));
  }
  options.repetition_penalty = static_cast<float>(generation.repetition_penalty.value_or(1.0));
  if (const auto& decay = generation.exponential_decay_length_penalty) {
    options.exponential_decay_length_penalty = {static_cast<std::int32_t>(decay->start),
                                                static_cast<float>(decay->factor)};
  }
  if (generation.max_new_tokens) {
    options.max_tokens =
        static_cast<std::int32_t>(std::min<std::int64_t>(*generation.max_new_tokens, limits.context));
  }
  options.min_new_tokens =
      static_cast<std::int32_t>(std::min<std::int64_t>(generation.min_new_tokens.value_or(0), options.max_tokens));
  return options;
}

}  // namespace asterism
