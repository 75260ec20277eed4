// Bodies of gguf_config.hpp.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_config.hpp"
#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/gguf/known_keys.hpp"
#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/checkpoint/gguf/rope_factors.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/huggingface/token_ids.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/json/json.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

namespace detail {

/// Reads the keys of a GGUF file's architecture.
class GgufConfigReader {
 public:
  explicit GgufConfigReader(const GgufStore& store)
      : store_(store),
        metadata_(store.metadata()),
        prefix_(std::string(metadata_.required_text(architecture_key))) {}

  ModelConfig read() {
    check_architecture();
    check_gguf_keys(metadata_, prefix_);
    json::Value config = sizes();
    experts(config);
    attention(config);
    tokens(config);
    const std::string where = concat(store_.path(), ", its metadata as the fields of a config.json");
    ModelConfig out = parse_model_config(config.dump(), where);
    out.shape.rotary_dim = rotary_dim(out.shape.head_dim);
    return out;
  }

 private:
  static constexpr std::string_view architecture_key = "general.architecture";
  static constexpr std::int64_t most = std::int64_t{1} << 30U;

  std::string key(std::string_view name) const { return concat(prefix_, ".", name); }
  bool is_llama() const { return prefix_ == "llama"; }
  bool is_next() const { return prefix_ == "qwen3next"; }

  [[noreturn]] void unsupported(std::string_view name, const std::string& what) const {
    throw Unsupported(concat(metadata_.where(), ": metadata key '", printable(name), "' ", what));
  }

  void check_architecture() const {
    if (is_llama() || is_next() || prefix_ == "qwen3moe") return;
    unsupported(architecture_key,
                concat("is '", printable(prefix_),
                       "'; supported are 'llama' (Mixtral, Llama, Mistral), 'qwen3moe', 'qwen3next'"));
  }

  /// A size, or an array that says the same for each layer.
  std::optional<std::int64_t> size(std::string_view name) const {
    const std::string full = key(name);
    const GgufEntry* entry = metadata_.find(full);
    if (entry == nullptr || entry->type != GgufType::array) return metadata_.integer(full, 0, most);
    const std::vector<std::int64_t> all = *metadata_.integers(full);
    for (const std::int64_t one : all) {
      if (one != all.front())
        unsupported(full, concat("is ", all.front(), " in one layer and ", one,
                                 " in another; supported are layers of one size"));
    }
    if (all.empty()) metadata_.fail(full, "is an empty array, expected a size for each layer");
    return all.front();
  }

  std::int64_t required(std::string_view name) const {
    const auto found = size(name);
    if (!found) metadata_.fail(key(name), "is missing");
    return *found;
  }

  /// A float32 as the decimal number that it was made from.
  std::optional<double> decimal(std::string_view name) const {
    const std::string full = key(name);
    const auto value = metadata_.number(full);
    if (!value || metadata_.find(full)->type != GgufType::f32) return value;
    const std::string digits = concat(static_cast<float>(*value));
    double out = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
  }

  bool has(std::int64_t layer, std::string_view tensor) const {
    return store_.find(concat("blk.", layer, ".", tensor)) != nullptr;
  }

  std::int64_t layers() const {
    const std::int64_t all = required("block_count");
    const std::int64_t beyond = size("nextn_predict_layers").value_or(0);
    if (beyond >= all) {
      metadata_.fail(key("nextn_predict_layers"), concat("is ", beyond, ", expected less than block_count ", all));
    }
    return all - beyond;
  }

  std::int64_t vocabulary() const {
    const TensorInfo* embedding = store_.find("token_embd.weight");
    if (embedding == nullptr || embedding->shape.size() != 2) {
      throw FormatError(concat(store_.path(), ": tensor 'token_embd.weight' ",
                               embedding == nullptr ? "is missing" : "is no matrix",
                               "; expected the embedding of a model's tokens"));
    }
    const auto rows = static_cast<std::int64_t>(embedding->shape[0]);
    const std::int64_t given = size("vocab_size").value_or(rows);
    if (given != rows)
      metadata_.fail(key("vocab_size"), concat("is ", given, ", but token_embd.weight has ", rows, " rows"));
    return rows;
  }

  json::Value sizes() const {
    const bool windowed = size("attention.sliding_window").value_or(0) > 0;
    const bool sparse = size("expert_count").value_or(0) > 0;
    Architecture architecture = Architecture::llama;
    if (is_next()) architecture = Architecture::qwen3_next;
    if (prefix_ == "qwen3moe") architecture = Architecture::qwen3_moe;
    if (is_llama() && windowed) architecture = Architecture::mistral;
    if (is_llama() && sparse) architecture = Architecture::mixtral;
    json::Value config = json::Value::object();
    config["model_type"] = std::string(model::info_of(architecture).model_type);
    config["vocab_size"] = vocabulary();
    config["hidden_size"] = required("embedding_length");
    config["num_hidden_layers"] = layers();
    config["max_position_embeddings"] = required("context_length");
    config["tie_word_embeddings"] = store_.find("output.weight") == nullptr;
    const auto epsilon = decimal("attention.layer_norm_rms_epsilon");
    if (!epsilon) metadata_.fail(key("attention.layer_norm_rms_epsilon"), "is missing");
    config["rms_norm_eps"] = *epsilon;
    if (windowed) {
      config["sliding_window"] = *size("attention.sliding_window");
      config["use_sliding_window"] = true;
    } else {
      config["sliding_window"] = nullptr;
    }
    return config;
  }

  void experts(json::Value& config) const {
    const std::int64_t count = size("expert_count").value_or(0);
    if (count == 0) {
      if (!is_llama())
        metadata_.fail(key("expert_count"), concat("is 0 or missing, expected experts in ", prefix_));
      config["intermediate_size"] = required("feed_forward_length");
      return;
    }
    config["num_local_experts"] = count;
    config["num_experts_per_tok"] = required("expert_used_count");
    config["decoder_sparse_step"] = 1;
    const auto own = size("expert_feed_forward_length");
    const std::int64_t ffn = own ? *own : required("feed_forward_length");
    config[is_llama() ? "intermediate_size" : "moe_intermediate_size"] = ffn;
    config["norm_topk_prob"] = metadata_.boolean(key("expert_weights_norm")).value_or(true);
    if (is_next()) config["shared_expert_intermediate_size"] = required("expert_shared_feed_forward_length");
  }

  void attention(json::Value& config) const {
    const std::int64_t heads = required("attention.head_count");
    config["num_attention_heads"] = heads;
    config["num_key_value_heads"] = size("attention.head_count_kv").value_or(heads);
    if (const auto width = size("attention.key_length")) config["head_dim"] = *width;
    const std::int64_t hidden = required("embedding_length");
    const std::int64_t head_dim = size("attention.key_length").value_or(heads > 0 ? hidden / heads : 0);
    if (const std::int64_t values = size("attention.value_length").value_or(head_dim); values != head_dim) {
      unsupported(key("attention.value_length"),
                  concat("is ", values, "; supported are values as wide as keys, ", head_dim));
    }
    if (is_next()) config["head_dim"] = head_dim;
    const json::Value scaling = rope(head_dim);
    config["rope_parameters"] = scaling;
    std::int64_t first = 0;  // layer with attention
    if (is_next()) first = linear_layers(config);
    config["attention_bias"] = has(first, "attn_q.bias");
  }

  json::Value rope(std::int64_t head_dim) const {
    json::Value out = json::Value::object();
    const double theta = decimal("rope.freq_base").value_or(1e4);
    out["rope_theta"] = theta;
    out["rope_type"] = "default";
    if (is_next()) out["partial_rotary_factor"] = 1.0;  // rotary_dim() decides
    if (const TensorInfo* factors = store_.find("rope_freqs.weight")) {
      if (const auto scaling = llama3_scaling(store_, *factors, theta, head_dim)) {
        out["rope_type"] = "llama3";
        out["factor"] = scaling->factor;
        out["low_freq_factor"] = scaling->low_freq_factor;
        out["high_freq_factor"] = scaling->high_freq_factor;
        out["original_max_position_embeddings"] = scaling->original_positions;
      }
    }
    return out;
  }

  std::int32_t rotary_dim(std::int32_t head_dim) const {
    const std::int64_t dim = size("rope.dimension_count").value_or(head_dim);
    if (dim == head_dim) return 0;
    if (!is_next()) {
      unsupported(key("rope.dimension_count"), concat("is ", dim, "; supported are whole heads, ", head_dim));
    }
    if (dim < 2 || dim > head_dim || dim % 2 != 0) {
      metadata_.fail(key("rope.dimension_count"),
                     concat("is ", dim, ", expected an even number from 2 to ", head_dim));
    }
    return static_cast<std::int32_t>(dim);
  }

  /// Sets `layer_types` and the sizes of linear attention; returns the first layer with full attention.
  std::int64_t linear_layers(json::Value& config) const {
    const std::int64_t count = layers();
    const std::int64_t interval = size("full_attention_interval").value_or(4);
    if (interval < 1) metadata_.fail(key("full_attention_interval"), "is 0, expected at least 1");
    const auto listed = metadata_.booleans(key("attention.recurrent_layers"));
    if (listed && listed->size() < static_cast<std::size_t>(count)) {
      metadata_.fail(key("attention.recurrent_layers"),
                     concat("has ", listed->size(), " items, expected one for each of ", count, " layers"));
    }
    if (count > LayerSet::max_layers) {
      unsupported(key("block_count"), concat("is ", count, "; supported are at most ", LayerSet::max_layers));
    }
    json::Value types = json::Value::array();
    std::int64_t first = -1;
    for (std::int64_t layer = 0; layer < count; ++layer) {
      const bool linear = listed ? (*listed)[static_cast<std::size_t>(layer)] : (layer + 1) % interval != 0;
      types.push_back(linear ? "linear_attention" : "full_attention");
      if (!linear && first < 0) first = layer;
    }
    config["layer_types"] = types;
    const std::int64_t value_heads = required("ssm.time_step_rank");
    const std::int64_t inner = required("ssm.inner_size");
    if (value_heads == 0 || inner % value_heads != 0) {
      metadata_.fail(key("ssm.inner_size"),
                     concat("is ", inner, ", no multiple of ssm.time_step_rank ", value_heads));
    }
    config["linear_conv_kernel_dim"] = required("ssm.conv_kernel");
    config["linear_key_head_dim"] = required("ssm.state_size");
    config["linear_num_key_heads"] = required("ssm.group_count");
    config["linear_num_value_heads"] = value_heads;
    config["linear_value_head_dim"] = inner / value_heads;
    return first < 0 ? 0 : first;
  }

  /// Ids that end a text and the one that begins it; null where the file names none.
  void tokens(json::Value& config) const {
    json::Value ends = json::Value::array();
    for (const std::string_view name : {"eos_token_id", "eot_token_id", "eom_token_id"}) {
      const auto id = metadata_.integer(concat("tokenizer.ggml.", name), 0, max_token_id);
      if (id) ends.push_back(*id);
    }
    config["eos_token_id"] = ends.empty() ? json::Value(nullptr) : ends;
    for (const auto& [field, name] :
         {std::pair<std::string_view, std::string_view>("bos_token_id", "bos_token_id"),
          {"pad_token_id", "padding_token_id"}}) {
      const auto id = metadata_.integer(concat("tokenizer.ggml.", name), 0, max_token_id);
      config[std::string(field)] = id ? json::Value(*id) : json::Value(nullptr);
    }
  }

  const GgufStore& store_;
  const GgufMetadata& metadata_;
  std::string prefix_;
};

}  // namespace detail

ASTERISM_INLINE ModelConfig gguf_model_config(const GgufStore& store) {
  return detail::GgufConfigReader(store).read();
}

}  // namespace asterism::checkpoint
