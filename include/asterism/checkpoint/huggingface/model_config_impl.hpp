// Bodies of model_config.hpp.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/huggingface/parse_quantization_config.hpp"
#include "asterism/checkpoint/huggingface/rope_config.hpp"
#include "asterism/checkpoint/huggingface/token_ids.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

namespace detail {

/// All fields that the reader uses.
inline constexpr std::string_view model_config_keys[] = {"architectures",
                                                         "attention_bias",
                                                         "attn_logit_softcapping",
                                                         "bos_token_id",
                                                         "clip_qkv",
                                                         "dtype",
                                                         "eos_token_id",
                                                         "final_logit_softcapping",
                                                         "head_dim",
                                                         "hidden_act",
                                                         "hidden_size",
                                                         "intermediate_size",
                                                         "is_encoder_decoder",
                                                         "layer_types",
                                                         "max_position_embeddings",
                                                         "mlp_bias",
                                                         "model_type",
                                                         "n_shared_experts",
                                                         "norm_topk_prob",
                                                         "num_attention_heads",
                                                         "num_experts",
                                                         "num_experts_per_tok",
                                                         "num_hidden_layers",
                                                         "num_key_value_heads",
                                                         "num_local_experts",
                                                         "pad_token_id",
                                                         "partial_rotary_factor",
                                                         "per_layer_config",
                                                         "qkv_bias",
                                                         "quantization_config",
                                                         "rms_norm_eps",
                                                         "rope_parameters",
                                                         "rope_scaling",
                                                         "rope_theta",
                                                         "sliding_window",
                                                         "tie_word_embeddings",
                                                         "torch_dtype",
                                                         "vocab_size"};

/// Reads config.json field by field. An absent field has the default of transformers' `MixtralConfig`; a null one
/// only if transformers allows null.
class ModelConfigReader {
 public:
  ModelConfigReader(const json::Value& json, std::string_view where) : json_(json), where_(where) {}

  ModelConfig read() {
    json::check_object(json_, "the document", where_);
    ModelConfig config;
    Shape& shape = config.shape;
    shape.architecture = architecture();
    check_arithmetic();
    shape.vocabulary = size("vocab_size", 32000, 1 << 24);
    shape.hidden = size("hidden_size", 4096, 1 << 20);
    shape.layers = size("num_hidden_layers", 32, 1 << 14);
    shape.heads = size("num_attention_heads", 32, 1 << 16);
    const json::Value* kv_heads = given("num_key_value_heads");
    const bool null_kv_heads = kv_heads != nullptr && kv_heads->is_null();
    shape.kv_heads = null_kv_heads ? shape.heads : size("num_key_value_heads", 8, 1 << 16);
    shape.ffn = size("intermediate_size", 14336, 1 << 24);
    shape.experts = experts();
    shape.top_k = size("num_experts_per_tok", 2, 1 << 16);
    shape.max_positions = size("max_position_embeddings", 131072, 1 << 30);
    shape.sliding_window =
        static_cast<std::int32_t>(json::optional_integer(json_, "sliding_window", where_, 1, 1 << 30).value_or(0));
    const json::Value* tied_head = given("tie_word_embeddings");
    shape.tied_head = tied_head != nullptr && json::to_bool(*tied_head, "tie_word_embeddings", where_);
    const json::Value* epsilon = given("rms_norm_eps");
    shape.rms_epsilon = epsilon != nullptr ? json::to_number(*epsilon, "rms_norm_eps", where_) : 1e-5;
    if (!(shape.rms_epsilon > 0 && shape.rms_epsilon <= 1)) {
      throw wrong(concat("field 'rms_norm_eps' is ", shape.rms_epsilon, ", expected a number above 0, at most 1"));
    }
    shape.head_dim = head_dim(shape);
    shape.rope_theta = rope_theta(json_, where_);
    check_sizes(shape);
    read_tokens(config);
    config.assumed = std::move(assumed_);
    config.dtype = json::optional_string(json_, "dtype", where_)
                       .value_or(json::optional_string(json_, "torch_dtype", where_).value_or(""));
    config.quantization = parse_quantization_config(json_, where_);
    return config;
  }

 private:
  FormatError wrong(const std::string& what) const { return FormatError(concat(where_, ": ", what)); }
  Unsupported unsupported(const std::string& what) const { return Unsupported(concat(where_, ": ", what)); }

  /// The field as it is, null or not; nullptr if absent.
  const json::Value* given(std::string_view key) const {
    const auto field = json_.find(key);
    return field == json_.end() ? nullptr : &*field;
  }

  std::int32_t size(std::string_view key, std::int32_t when_absent, std::int32_t max) {
    const json::Value* field = given(key);
    if (field != nullptr) return static_cast<std::int32_t>(json::to_integer(*field, key, where_, 1, max));
    assumed_.push_back(concat(key, " ", when_absent));
    return when_absent;
  }

  Architecture architecture() const {
    const std::string& type = json::require_string(json_, "model_type", where_);
    const model::ArchitectureInfo* info = nullptr;
    std::string supported;
    for (const model::ArchitectureInfo& known : model::architectures) {
      if (known.model_type == type) info = &known;
      supported += concat(supported.empty() ? "'" : ", '", known.model_type, "'");
    }
    if (info == nullptr) {
      throw unsupported(concat("field 'model_type' is '", printable(type), "'; supported is ", supported));
    }
    if (const json::Value* list = json::optional_array(json_, "architectures", where_);
        list != nullptr && !list->empty()) {
      bool found = false;
      std::string names;
      for (const json::Value& item : *list) {
        const std::string& name = json::to_text(item, "architectures", where_);
        found = name == info->class_name || found;
        names += concat(names.empty() ? "" : ",", "\"", name, "\"");
      }
      if (!found) {
        throw unsupported(
            concat("field 'architectures' is [", printable(names), "]; supported is '", info->class_name, "'"));
      }
    }
    return info->architecture;
  }

  /// Refuses what other members of the family have and this toolkit does not compute.
  void check_arithmetic() const {
    if (const json::Value* act = given("hidden_act");
        act != nullptr && json::to_text(*act, "hidden_act", where_) != "silu") {
      throw unsupported(concat("field 'hidden_act' is '", printable(json::to_text(*act, "hidden_act", where_)),
                               "'; supported is 'silu'"));
    }
    for (const std::string_view key : {"attention_bias", "mlp_bias", "qkv_bias", "is_encoder_decoder"}) {
      if (json::optional_bool(json_, key, where_).value_or(false)) {
        throw unsupported(concat("field '", key, "' is true; supported is false"));
      }
    }
    if (!json::optional_bool(json_, "norm_topk_prob", where_).value_or(true)) {
      throw unsupported("field 'norm_topk_prob' is false; supported is true");
    }
    for (const std::string_view key : {"clip_qkv", "attn_logit_softcapping", "final_logit_softcapping",
                                       "per_layer_config", "layer_types", "n_shared_experts"}) {
      if (json::find_field(json_, key, where_) != nullptr) {
        throw unsupported(concat("field '", key, "' is set; supported are Mixtral models without it"));
      }
    }
  }

  /// `num_experts` is other models' name for `num_local_experts`; transformers reads both.
  std::int32_t experts() {
    if (given("num_experts") == nullptr) return size("num_local_experts", 8, 1 << 16);
    const std::int32_t count = size("num_experts", 8, 1 << 16);
    if (given("num_local_experts") != nullptr && size("num_local_experts", 8, 1 << 16) != count) {
      throw wrong("fields 'num_experts' and 'num_local_experts' differ, expected the same number");
    }
    return count;
  }

  std::int32_t head_dim(const Shape& shape) const {
    if (const auto given = json::optional_integer(json_, "head_dim", where_, 1, 1 << 16)) {
      return static_cast<std::int32_t>(*given);
    }
    if (shape.hidden % shape.heads != 0) {
      throw wrong(concat("field 'hidden_size' is ", shape.hidden, ", no multiple of num_attention_heads ",
                         shape.heads, ", and 'head_dim' is not set"));
    }
    return shape.hidden / shape.heads;
  }

  void check_sizes(const Shape& shape) const {
    if (shape.top_k > shape.experts) {
      throw wrong(concat("field 'num_experts_per_tok' is ", shape.top_k, ", expected at most num_local_experts ",
                         shape.experts));
    }
    if (shape.heads % shape.kv_heads != 0) {
      throw wrong(concat("field 'num_attention_heads' is ", shape.heads, ", no multiple of num_key_value_heads ",
                         shape.kv_heads));
    }
    if (shape.head_dim % 2 != 0) {
      throw wrong(concat("field 'head_dim' is ", shape.head_dim,
                         " (hidden_size / num_attention_heads where not set), expected an even number"));
    }
    if (std::int64_t{shape.heads} * shape.head_dim > 1 << 24) {
      throw wrong(concat("num_attention_heads * head_dim is ", std::int64_t{shape.heads} * shape.head_dim,
                         ", expected at most ", 1 << 24));
    }
    // All values computed from a shape stay far inside 64 bits if the experts' bytes do.
    constexpr double most = 0x1p50;
    const double weights = 3.0 * shape.layers * shape.experts * shape.ffn * shape.hidden;
    if (weights > most) {
      throw wrong(concat("num_hidden_layers * num_local_experts * 3 * intermediate_size * hidden_size is ",
                         weights, " weights, expected at most ", most));
    }
  }

  void read_tokens(ModelConfig& config) const {
    const std::int64_t last = config.shape.vocabulary - 1;
    // If absent: the defaults of MixtralConfig, as far as the vocabulary has them.
    config.bos = given("bos_token_id") != nullptr ? optional_token_id(json_, "bos_token_id", where_, last)
                 : last >= 1                      ? std::optional<TokenId>(1)
                                                  : std::nullopt;
    if (given("eos_token_id") != nullptr) {
      config.eos = token_id_list(json_, "eos_token_id", where_, last);
    } else if (last >= 2) {
      config.eos = {2};
    }
    config.pad = optional_token_id(json_, "pad_token_id", where_, last);
  }

  const json::Value& json_;
  std::string_view where_;
  std::vector<std::string> assumed_;
};

}  // namespace detail

ASTERISM_INLINE std::string assumed_sizes(const ModelConfig& config) {
  std::string out;
  for (const std::string& size : config.assumed) {
    out += concat(
        out.empty() ? "config.json does not give these sizes, transformers' defaults were taken: " : ", ", size);
  }
  return out.empty() ? out : out + "\n";
}

ASTERISM_INLINE ModelConfig parse_model_config(std::string_view text, std::string_view where) {
  const json::Document json(
      json::parse(text, where,
                  {.max_values = json::values_of_named_text(text.size()),
                   .keys = {std::data(detail::model_config_keys), std::size(detail::model_config_keys)}}));
  return detail::ModelConfigReader(*json, where).read();
}

ASTERISM_INLINE ModelConfig read_model_config(const std::string& folder) {
  const std::string path = folder + "/config.json";
  return parse_model_config(file::read_file(path, max_config_bytes), path);
}

}  // namespace asterism::checkpoint
