// Qwen3-MoE: grouped-query attention with norms of queries and keys; SwiGLU experts, or a dense block in some layers.
#pragma once

#include <iterator>

#include "asterism/core/view.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

namespace detail {

using placement::PartKind;

// clang-format off
inline constexpr WeightInfo qwen3_moe_weights[] = {
    {Role::embedding, Scope::model, PartKind::embedding, Dim::vocabulary, Dim::hidden, "model.embed_tokens.weight"},
    {Role::attention_norm, Scope::layer, PartKind::norms, Dim::none, Dim::hidden, "input_layernorm.weight"},
    {Role::query, Scope::layer, PartKind::attention, Dim::query_width, Dim::hidden, "self_attn.q_proj.weight"},
    {Role::key, Scope::layer, PartKind::attention, Dim::kv_width, Dim::hidden, "self_attn.k_proj.weight"},
    {Role::value, Scope::layer, PartKind::attention, Dim::kv_width, Dim::hidden, "self_attn.v_proj.weight"},
    {Role::query_bias, Scope::layer, PartKind::attention, Dim::none, Dim::query_width, "self_attn.q_proj.bias",
     {}, Where::with_attention_bias},
    {Role::key_bias, Scope::layer, PartKind::attention, Dim::none, Dim::kv_width, "self_attn.k_proj.bias",
     {}, Where::with_attention_bias},
    {Role::value_bias, Scope::layer, PartKind::attention, Dim::none, Dim::kv_width, "self_attn.v_proj.bias",
     {}, Where::with_attention_bias},
    {Role::query_norm, Scope::layer, PartKind::attention, Dim::none, Dim::head_dim, "self_attn.q_norm.weight",
     {}, Where::with_qk_norm},
    {Role::key_norm, Scope::layer, PartKind::attention, Dim::none, Dim::head_dim, "self_attn.k_norm.weight",
     {}, Where::with_qk_norm},
    {Role::output, Scope::layer, PartKind::attention, Dim::hidden, Dim::query_width, "self_attn.o_proj.weight"},
    {Role::output_bias, Scope::layer, PartKind::attention, Dim::none, Dim::hidden, "self_attn.o_proj.bias",
     {}, Where::with_attention_bias},
    {Role::feed_forward_norm, Scope::layer, PartKind::norms, Dim::none, Dim::hidden, "post_attention_layernorm.weight"},
    {Role::router, Scope::layer, PartKind::router, Dim::experts, Dim::hidden, "mlp.gate.weight",
     {}, Where::sparse_layers},
    {Role::dense_gate, Scope::layer, PartKind::feed_forward, Dim::dense_ffn, Dim::hidden, "mlp.gate_proj.weight",
     {}, Where::dense_layers},
    {Role::dense_up, Scope::layer, PartKind::feed_forward, Dim::dense_ffn, Dim::hidden, "mlp.up_proj.weight",
     {}, Where::dense_layers},
    {Role::dense_down, Scope::layer, PartKind::feed_forward, Dim::hidden, Dim::dense_ffn, "mlp.down_proj.weight",
     {}, Where::dense_layers},
    {Role::gate, Scope::expert, PartKind::experts, Dim::ffn, Dim::hidden, "mlp.experts.{expert}.gate_proj.weight",
     {"mlp.experts.gate_up_proj", 0, 2}},
    {Role::up, Scope::expert, PartKind::experts, Dim::ffn, Dim::hidden, "mlp.experts.{expert}.up_proj.weight",
     {"mlp.experts.gate_up_proj", 1, 2}},
    {Role::down, Scope::expert, PartKind::experts, Dim::hidden, Dim::ffn, "mlp.experts.{expert}.down_proj.weight",
     {"mlp.experts.down_proj"}},
    {Role::final_norm, Scope::model, PartKind::final_norm, Dim::none, Dim::hidden, "model.norm.weight"},
    {Role::head, Scope::model, PartKind::head, Dim::vocabulary, Dim::hidden, "lm_head.weight"},
};
// clang-format on

}  // namespace detail

/// Sources: transformers, `Qwen3MoeForCausalLM`; Qwen3 Technical Report, arXiv 2505.09388.
inline constexpr ArchitectureInfo qwen3_moe{
    Architecture::qwen3_moe, "qwen3_moe", "Qwen3MoeForCausalLM", "moe_intermediate_size", "num_experts",
    View<const WeightInfo>(detail::qwen3_moe_weights, std::size(detail::qwen3_moe_weights))};

}  // namespace asterism::model
