// The fields of a config.json about feed-forward blocks: experts, their router, and layers without them.
#pragma once

#include <cstdint>
#include <string_view>

#include "asterism/checkpoint/huggingface/config_fields.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint::detail {

/// transformers reads both names of the number of experts, for Mixtral and for Qwen3-MoE.
inline std::int32_t read_experts(ConfigFields& config) {
  const Shape& usual = config.config_class.defaults;
  const std::string_view key = config.info.experts_field;
  const std::string_view other = key == "num_experts" ? "num_local_experts" : "num_experts";
  const auto count = [&](std::string_view name) {
    return config.size(name, usual.experts, 1 << 16, usual.dense_ffn > 0 ? 0 : 1);
  };
  if (config.given(other) == nullptr) return count(key);
  if (config.given(key) != nullptr && count(key) != count(other)) {
    throw config.wrong("fields 'num_experts' and 'num_local_experts' differ, expected the same number");
  }
  return count(other);
}

/// Of an architecture that has both kinds of layers, every `decoder_sparse_step`-th one has experts, except the
/// `mlp_only_layers`. Layers that the model lacks may be listed, as in transformers.
inline LayerSet read_dense_layers(const ConfigFields& config, std::int32_t layers, std::int32_t experts) {
  if (experts == 0) return LayerSet::range(0, layers);
  if (config.config_class.defaults.dense_ffn == 0) return {};
  const json::Value* field = config.given("decoder_sparse_step");
  const std::int64_t step =
      field == nullptr ? 1 : json::to_integer(*field, "decoder_sparse_step", config.where, 1, 1 << 30);
  LayerSet dense;
  for (std::int32_t layer = 0; layer < layers; ++layer) {
    if ((layer + 1) % step != 0) dense.insert(layer);
  }
  const json::Value* listed = json::optional_array(config.document, "mlp_only_layers", config.where);
  if (listed == nullptr) return dense;
  for (const json::Value& item : *listed) {
    const std::int64_t layer = json::to_integer(item, "mlp_only_layers", config.where);
    if (layer >= 0 && layer < layers) dense.insert(static_cast<std::int32_t>(layer));
  }
  return dense;
}

inline bool read_normalised_top_k(const ConfigFields& config) {
  constexpr std::string_view key = "norm_topk_prob";
  if (!config.config_class.norm_topk_prob) {
    const bool usual = config.config_class.defaults.normalised_top_k;
    if (json::optional_bool(config.document, key, config.where).value_or(usual) == usual) return usual;
    throw config.unsupported(concat("field '", key,
                                    usual ? "' is false; supported is true" : "' is true; supported is false",
                                    " for model_type '", config.info.model_type, "'"));
  }
  const json::Value* field = config.given(key);
  return field != nullptr ? json::to_bool(*field, key, config.where)
                          : config.config_class.defaults.normalised_top_k;
}

/// Sets what `shape` says of experts and of dense blocks, but reads the sizes of those alone that some layer has.
/// `shape.layers` is set.
inline void read_feed_forward(ConfigFields& config, Shape& shape) {
  const Shape& usual = config.config_class.defaults;
  const std::int32_t experts = usual.experts > 0 ? read_experts(config) : 0;
  shape.dense_layers = read_dense_layers(config, shape.layers, experts);
  if (!shape.dense_layers.empty()) {
    shape.dense_ffn = config.size("intermediate_size", usual.dense_ffn, 1 << 24);
  }
  if (shape.sparse_layers().empty()) return;
  shape.experts = experts;
  shape.ffn = config.size(config.info.ffn_field, usual.ffn, 1 << 24);
  shape.top_k = config.size("num_experts_per_tok", usual.top_k, 1 << 16);
  shape.normalised_top_k = read_normalised_top_k(config);
  if (usual.shared_ffn > 0) {
    shape.shared_ffn = config.size("shared_expert_intermediate_size", usual.shared_ffn, 1 << 24);
  }
}

}  // namespace asterism::checkpoint::detail
