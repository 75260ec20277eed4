// Bodies of weight_location.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/huggingface/weight_location.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/core/format.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE ExpertLayout expert_layout(const TensorStore& store) {
  return store.find("model.layers.0.mlp.experts.gate_up_proj") != nullptr ? ExpertLayout::fused
                                                                          : ExpertLayout::separate;
}

ASTERISM_INLINE WeightLocation locate(const model::WeightId& id, const Shape& shape, ExpertLayout layout) {
  using model::Role;
  const auto size = [](std::int32_t n) { return static_cast<std::uint64_t>(n); };
  const std::uint64_t vocabulary = size(shape.vocabulary);
  const std::uint64_t hidden = size(shape.hidden);
  const std::uint64_t ffn = size(shape.ffn);
  const std::uint64_t experts = size(shape.experts);
  const auto layer = [&](std::string_view rest) { return concat("model.layers.", id.layer, ".", rest); };
  const auto expert = [&](std::string_view matrix) {
    return layer(concat("block_sparse_moe.experts.", id.expert, ".", matrix, ".weight"));
  };
  const std::uint64_t slice = size(id.expert) * 2 * ffn * hidden;
  const bool fused = layout == ExpertLayout::fused;
  switch (id.role) {
    case Role::embedding:
      return {"model.embed_tokens.weight", {vocabulary, hidden}, 0};
    case Role::attention_norm:
      return {layer("input_layernorm.weight"), {hidden}, 0};
    case Role::query:
      return {layer("self_attn.q_proj.weight"), {size(shape.query_width()), hidden}, 0};
    case Role::key:
      return {layer("self_attn.k_proj.weight"), {size(shape.kv_width()), hidden}, 0};
    case Role::value:
      return {layer("self_attn.v_proj.weight"), {size(shape.kv_width()), hidden}, 0};
    case Role::output:
      return {layer("self_attn.o_proj.weight"), {hidden, size(shape.query_width())}, 0};
    case Role::expert_norm:
      return {layer("post_attention_layernorm.weight"), {hidden}, 0};
    case Role::router:
      return {layer(fused ? "mlp.gate.weight" : "block_sparse_moe.gate.weight"), {experts, hidden}, 0};
    case Role::gate:
      if (fused) return {layer("mlp.experts.gate_up_proj"), {experts, 2 * ffn, hidden}, slice};
      return {expert("w1"), {ffn, hidden}, 0};
    case Role::up:
      if (fused) return {layer("mlp.experts.gate_up_proj"), {experts, 2 * ffn, hidden}, slice + ffn * hidden};
      return {expert("w3"), {ffn, hidden}, 0};
    case Role::down:
      if (fused) return {layer("mlp.experts.down_proj"), {experts, hidden, ffn}, size(id.expert) * hidden * ffn};
      return {expert("w2"), {hidden, ffn}, 0};
    case Role::final_norm:
      return {"model.norm.weight", {hidden}, 0};
    case Role::head:
      break;
  }
  if (shape.tied_head) return {"model.embed_tokens.weight", {vocabulary, hidden}, 0};
  return {"lm_head.weight", {vocabulary, hidden}, 0};
}

}  // namespace asterism::checkpoint
