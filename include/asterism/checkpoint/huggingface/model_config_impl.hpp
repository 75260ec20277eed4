// Bodies of model_config.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/huggingface/config_class.hpp"
#include "asterism/checkpoint/huggingface/config_fields.hpp"
#include "asterism/checkpoint/huggingface/feed_forward_config.hpp"
#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/huggingface/linear_attention_config.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/huggingface/parse_quantization_config.hpp"
#include "asterism/checkpoint/huggingface/rope_config.hpp"
#include "asterism/checkpoint/huggingface/token_ids.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

namespace detail {

/// All fields that the reader uses.
// clang-format off
inline constexpr std::string_view model_config_keys[] = {
    "architectures", "attention_bias", "attn_logit_softcapping", "bos_token_id", "clip_qkv", "decoder_sparse_step",
    "dtype", "eos_token_id", "final_logit_softcapping", "full_attention_interval", "head_dim", "hidden_act",
    "hidden_size", "intermediate_size", "is_encoder_decoder", "layer_types", "linear_conv_kernel_dim",
    "linear_key_head_dim", "linear_num_key_heads", "linear_num_value_heads", "linear_value_head_dim",
    "max_position_embeddings", "mlp_bias", "mlp_only_layers", "model_type", "moe_intermediate_size",
    "n_shared_experts", "norm_topk_prob", "num_attention_heads", "num_experts", "num_experts_per_tok",
    "num_hidden_layers", "num_key_value_heads", "num_local_experts", "original_max_position_embeddings",
    "pad_token_id", "partial_rotary_factor", "per_layer_config", "qkv_bias", "quantization_config", "rms_norm_eps",
    "rope_parameters", "rope_scaling", "rope_theta", "shared_expert_intermediate_size", "sliding_window",
    "tie_word_embeddings", "torch_dtype", "use_sliding_window", "vocab_size"};
// clang-format on

/// Reads a config.json field by field.
class ModelConfigReader : private ConfigFields {
 public:
  using ConfigFields::ConfigFields;

  ModelConfig read() {
    check_class();
    check_arithmetic();
    const Shape& usual = config_class.defaults;
    ModelConfig config;
    Shape& shape = config.shape;
    shape.architecture = info.architecture;
    shape.attention_gate = usual.attention_gate;
    shape.qk_norm = usual.qk_norm;
    shape.vocabulary = size("vocab_size", usual.vocabulary, 1 << 24);
    shape.hidden = size("hidden_size", usual.hidden, 1 << 20);
    shape.layers = layers();
    shape.heads = size("num_attention_heads", usual.heads, 1 << 16);
    shape.kv_heads = kv_heads(shape.heads);
    shape.attention_bias = attention_bias();
    read_feed_forward(*this, shape);
    shape.max_positions = size("max_position_embeddings", usual.max_positions, 1 << 30);
    shape.sliding_window = sliding_window();
    read_linear_attention(*this, shape);
    check_layer_types(shape);
    const json::Value* tied_head = given("tie_word_embeddings");
    shape.tied_head = tied_head != nullptr && json::to_bool(*tied_head, "tie_word_embeddings", where);
    const json::Value* epsilon = given("rms_norm_eps");
    shape.rms_epsilon = epsilon != nullptr ? json::to_number(*epsilon, "rms_norm_eps", where) : usual.rms_epsilon;
    if (!(shape.rms_epsilon > 0 && shape.rms_epsilon <= 1)) {
      throw wrong(concat("field 'rms_norm_eps' is ", shape.rms_epsilon, ", expected a number above 0, at most 1"));
    }
    shape.head_dim = head_dim(shape);
    const RopeConfig rope =
        parse_rope_config(document, where, {usual.rope_theta, config_class.llama3_rope, config_class.rotary_part});
    shape.rope_theta = rope.rope.theta;
    shape.rope_scaling = rope.rope.scaling;
    check_sizes(shape);
    shape.rotary_dim = rotary_dim(shape.head_dim, rope.rotary_part, where);
    read_tokens(config);
    config.assumed = std::move(assumed);
    config.dtype = json::optional_string(document, "dtype", where)
                       .value_or(json::optional_string(document, "torch_dtype", where).value_or(""));
    config.quantization = parse_quantization_config(document, where);
    return config;
  }

 private:
  void check_class() const {
    const json::Value* list = json::optional_array(document, "architectures", where);
    if (list == nullptr || list->empty()) return;
    bool found = false;
    std::string names;
    for (const json::Value& item : *list) {
      const std::string& name = json::to_text(item, "architectures", where);
      found = name == info.class_name || found;
      names += concat(names.empty() ? "" : ",", "\"", name, "\"");
    }
    if (!found) {
      throw unsupported(concat("field 'architectures' is [", printable(names), "]; supported with model_type '",
                               info.model_type, "' is '", info.class_name, "'"));
    }
  }

  /// Refuses what relatives of these models have and this toolkit does not compute.
  void check_arithmetic() const {
    if (const json::Value* act = given("hidden_act");
        act != nullptr && json::to_text(*act, "hidden_act", where) != config_class.activation) {
      throw unsupported(concat("field 'hidden_act' is '", printable(json::to_text(*act, "hidden_act", where)),
                               "'; supported is '", config_class.activation, "'"));
    }
    for (const std::string_view key : {"mlp_bias", "qkv_bias", "is_encoder_decoder"}) {
      if (json::optional_bool(document, key, where).value_or(false)) {
        throw unsupported(concat("field '", key, "' is true; supported is false"));
      }
    }
    for (const std::string_view key : {"clip_qkv", "attn_logit_softcapping", "final_logit_softcapping",
                                       "per_layer_config", "n_shared_experts"}) {
      refuse_set(key);
    }
    if (config_class.window == WindowField::unknown) refuse_set("sliding_window");
  }

  std::int32_t layers() {
    const std::int32_t layers = size("num_hidden_layers", config_class.defaults.layers, 1 << 24);
    if (layers <= LayerSet::max_layers) return layers;
    throw unsupported(
        concat("field 'num_hidden_layers' is ", layers, "; supported are at most ", LayerSet::max_layers));
  }

  std::int32_t kv_heads(std::int32_t heads) {
    const json::Value* field = given("num_key_value_heads");
    if (config_class.null_kv_heads && field != nullptr && field->is_null()) return heads;
    const std::int32_t usual = config_class.defaults.kv_heads;
    return size("num_key_value_heads", usual > 0 ? usual : heads, 1 << 16);
  }

  bool attention_bias() const {
    const bool bias = json::optional_bool(document, "attention_bias", where).value_or(false);
    if (!bias || config_class.attention_bias) return bias;
    throw unsupported(
        concat("field 'attention_bias' is true; supported is false for model_type '", info.model_type, "'"));
  }

  std::int32_t sliding_window() {
    if (config_class.window == WindowField::unknown) return 0;
    if (config_class.window == WindowField::switched) {
      const json::Value* on = given("use_sliding_window");
      if (on == nullptr || !json::to_bool(*on, "use_sliding_window", where)) return 0;
    }
    const json::Value* window = given("sliding_window");
    const std::int32_t usual = config_class.defaults.sliding_window;
    if (window == nullptr ? usual == 0 : window->is_null()) return 0;
    return size("sliding_window", usual, 1 << 30);
  }

  /// Of layers that are all alike, `layer_types` may say what is computed anyway.
  void check_layer_types(const Shape& shape) const {
    if (config_class.has_linear_layers()) return;
    const json::Value* types = json::optional_array(document, "layer_types", where);
    if (types == nullptr) return;
    const std::string_view computed = shape.sliding_window > 0 ? "sliding_attention" : "full_attention";
    bool same = types->size() == static_cast<std::size_t>(shape.layers);
    for (const json::Value& type : *types) same = json::to_text(type, "layer_types", where) == computed && same;
    if (same) return;
    throw unsupported(concat("field 'layer_types' is not '", computed, "' for each of ", shape.layers,
                             " layers; supported are models whose layers all attend as the sliding window says"));
  }

  std::int32_t head_dim(const Shape& shape) {
    if (config_class.defaults.head_dim > 0) return size("head_dim", config_class.defaults.head_dim, 1 << 16);
    if (const auto given = json::optional_integer(document, "head_dim", where, 1, 1 << 16)) {
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
      throw wrong(concat("field 'num_experts_per_tok' is ", shape.top_k, ", expected at most ", info.experts_field,
                         " ", shape.experts));
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
    // All values computed from a shape stay far inside 64 bits if the bytes of its feed-forward blocks do.
    constexpr double most = 0x1p50;
    const double sparse = 3.0 * shape.sparse_layers().size() * shape.experts * shape.ffn * shape.hidden;
    const double dense = 3.0 * shape.dense_layers.size() * shape.dense_ffn * shape.hidden;
    if (sparse > most) {
      throw wrong(concat("num_hidden_layers * ", info.experts_field, " * 3 * ", info.ffn_field,
                         " * hidden_size is ", sparse, " weights, expected at most ", most));
    }
    if (3.0 * shape.sparse_layers().size() * shape.shared_ffn * shape.hidden > most) {
      throw wrong(concat("num_hidden_layers * 3 * shared_expert_intermediate_size * hidden_size exceeds ", most,
                         " weights"));
    }
    if (dense > most) {
      throw wrong(concat("num_hidden_layers * 3 * intermediate_size * hidden_size is ", dense,
                         " weights, expected at most ", most));
    }
  }

  void read_tokens(ModelConfig& config) const {
    const std::int64_t last = config.shape.vocabulary - 1;
    config.bos = config_class.bos;
    if (config_class.eos) config.eos = {*config_class.eos};
    // Defaults as far as the vocabulary has them.
    if (config.bos > last) config.bos.reset();
    if (config_class.eos > last) config.eos.clear();
    if (given("bos_token_id") != nullptr) config.bos = optional_token_id(document, "bos_token_id", where, last);
    if (given("eos_token_id") != nullptr) config.eos = token_id_list(document, "eos_token_id", where, last);
    config.pad = optional_token_id(document, "pad_token_id", where, last);
  }
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
