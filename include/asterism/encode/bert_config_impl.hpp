// Bodies of bert_config.hpp.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/encode/bert_config.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/component.hpp"

namespace asterism::encode {

namespace detail {

/// A JSON object in a file of a folder.
struct JsonFile {
  std::string where;
  json::Value document;

  explicit JsonFile(const std::string& path) : where(path) {
    constexpr std::uint64_t max_file_bytes = 1U << 20U;
    document = json::parse(file::read_file(path, max_file_bytes), path);
  }
  static std::optional<JsonFile> if_there(const std::string& path) {
    if (file::path_kind(path) == file::PathKind::missing) return std::nullopt;
    std::optional<JsonFile> opened(path);
    json::check_object(opened->document, "the document", path);
    return opened;
  }

  std::size_t size(std::string_view key) const {
    return static_cast<std::size_t>(json::require_integer(document, key, where, 1, 1 << 24));
  }
  /// Throws Unsupported if the field is there and other than `wanted`.
  void refuse_unless(std::string_view key, const json::Value& wanted) const {
    const json::Value* found = json::find_field(document, key, where);
    if (found == nullptr || *found == wanted) return;
    throw Unsupported(
        concat(where, ": field '", key, "' is ", printable(found->dump(), 80), "; supported is ", wanted.dump()));
  }
};

ASTERISM_INLINE BertConfig read_sizes(const std::string& folder) {
  const JsonFile file(folder + "/config.json");
  json::check_object(file.document, "the document", file.where);
  if (const std::string& type = json::require_string(file.document, "model_type", file.where); type != "bert") {
    throw Unsupported(
        concat(file.where, ": field 'model_type' is '", printable(type, 60), "'; supported is 'bert'"));
  }
  json::require_string(file.document, "hidden_act", file.where);
  file.refuse_unless("hidden_act", "gelu");
  file.refuse_unless("position_embedding_type", "absolute");
  file.refuse_unless("is_decoder", false);
  file.refuse_unless("add_cross_attention", false);
  file.refuse_unless("quantization_config", nullptr);
  BertConfig config;
  config.hidden = file.size("hidden_size");
  config.layers = file.size("num_hidden_layers");
  config.heads = file.size("num_attention_heads");
  config.ffn = file.size("intermediate_size");
  config.vocabulary = file.size("vocab_size");
  config.positions = file.size("max_position_embeddings");
  config.types = file.size("type_vocab_size");
  config.epsilon = static_cast<float>(json::require_number(file.document, "layer_norm_eps", file.where));
  if (config.hidden % config.heads != 0) {
    throw FormatError(concat(file.where, ": hidden_size ", config.hidden,
                             " is no multiple of num_attention_heads ", config.heads));
  }
  if (config.hidden > 4096) {
    throw Unsupported(concat(file.where, ": hidden_size ", config.hidden, "; supported are at most 4096"));
  }
  return config;
}

/// The mean over all tokens, and nothing else.
ASTERISM_INLINE void check_pooling(const std::string& path, std::size_t hidden) {
  const JsonFile file(path);
  json::check_object(file.document, "the document", file.where);
  text::check_keys(file.document,
                   {"word_embedding_dimension", "embedding_dimension", "pooling_mode", "pooling_mode_cls_token",
                    "pooling_mode_mean_tokens", "pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
                    "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken", "include_prompt"},
                   "the pooling", file.where);
  file.refuse_unless("word_embedding_dimension", hidden);
  file.refuse_unless("embedding_dimension", hidden);
  file.refuse_unless("pooling_mode", "mean");
  file.refuse_unless("pooling_mode_mean_tokens", true);
  for (const std::string_view other :
       {"pooling_mode_cls_token", "pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
        "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"}) {
    file.refuse_unless(other, false);
  }
  if (json::find_field(file.document, "pooling_mode", file.where) == nullptr) {
    json::require_bool(file.document, "pooling_mode_mean_tokens", file.where);
  }
}

/// A Transformer, a Pooling, and perhaps a Normalize.
ASTERISM_INLINE void check_modules(const std::string& folder, std::size_t hidden) {
  const JsonFile file(folder + "/modules.json");
  static constexpr std::string_view wanted[] = {"Transformer", "Pooling", "Normalize"};
  std::size_t place = 0;
  if (!file.document.is_array()) throw FormatError(concat(file.where, ": expected an array of modules"));
  for (const json::Value& module : file.document) {
    json::check_object(module, "a module", file.where);
    const std::string& type = json::require_string(module, "type", file.where);
    const std::string_view name = std::string_view(type).substr(type.rfind('.') + 1);
    if (place == 3 || name != wanted[place] || !type.starts_with("sentence_transformers.")) {
      throw Unsupported(
          concat(file.where, ": module ", place, " is '", printable(type, 80),
                 "'; supported are a Transformer, a Pooling and a Normalize of sentence_transformers"));
    }
    const std::string& path = json::require_string(module, "path", file.where);
    if (place == 0 && !path.empty()) {
      throw Unsupported(
          concat(file.where, ": the Transformer is in '", printable(path, 80), "', not in the folder"));
    }
    if (place == 1) check_pooling(concat(folder, "/", path, "/config.json"), hidden);
    ++place;
  }
  if (place < 2) throw Unsupported(concat(file.where, ": ", place, " modules; supported are two and three"));
}

ASTERISM_INLINE std::size_t most_tokens(const std::string& folder, std::size_t positions) {
  std::size_t most = positions;
  if (const auto file = JsonFile::if_there(folder + "/tokenizer_config.json")) {
    // Without a limit it is 10^30.
    const auto limit = json::optional_number(file->document, "model_max_length", file->where);
    if (limit && *limit < static_cast<double>(most)) most = static_cast<std::size_t>(std::max(0.0, *limit));
  }
  if (const auto file = JsonFile::if_there(folder + "/sentence_bert_config.json")) {
    text::check_keys(
        file->document,
        {"max_seq_length", "do_lower_case", "transformer_task", "modality_config", "module_output_name"},
        "the Transformer", file->where);
    file->refuse_unless("do_lower_case", false);
    file->refuse_unless("transformer_task", "feature-extraction");
    file->refuse_unless("module_output_name", "token_embeddings");
    if (json::find_field(file->document, "max_seq_length", file->where) != nullptr)
      most = file->size("max_seq_length");
  }
  if (most < 2 || most > positions) {
    throw FormatError(concat(folder, ": texts of up to ", most, " tokens; a model of ", positions,
                             " positions reads 2 to ", positions));
  }
  return most;
}

}  // namespace detail

ASTERISM_INLINE BertConfig BertConfig::read(const std::string& folder) {
  BertConfig config = detail::read_sizes(folder);
  detail::check_modules(folder, config.hidden);
  config.tokens = detail::most_tokens(folder, config.positions);
  if (const auto file = detail::JsonFile::if_there(folder + "/config_sentence_transformers.json")) {
    if (json::find_field(file->document, "default_prompt_name", file->where) != nullptr) {
      throw Unsupported(concat(file->where, ": field 'default_prompt_name' is set; prompts are not supported"));
    }
  }
  return config;
}

}  // namespace asterism::encode
