// Mixtral with sigmoids in its routers, and a bias of each expert beside them.
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
inline constexpr WeightInfo sigmoid_mixtral_weights[] = {
    {Role::embedding, Scope::model, PartKind::embedding, Dim::vocabulary, Dim::hidden, "model.embed_tokens.weight"},
    {Role::attention_norm, Scope::layer, PartKind::norms, Dim::none, Dim::hidden, "input_layernorm.weight"},
    {Role::query, Scope::layer, PartKind::attention, Dim::query_width, Dim::hidden, "self_attn.q_proj.weight"},
    {Role::key, Scope::layer, PartKind::attention, Dim::kv_width, Dim::hidden, "self_attn.k_proj.weight"},
    {Role::value, Scope::layer, PartKind::attention, Dim::kv_width, Dim::hidden, "self_attn.v_proj.weight"},
    {Role::output, Scope::layer, PartKind::attention, Dim::hidden, Dim::query_width, "self_attn.o_proj.weight"},
    {Role::feed_forward_norm, Scope::layer, PartKind::norms, Dim::none, Dim::hidden, "post_attention_layernorm.weight"},
    {Role::router, Scope::layer, PartKind::router, Dim::experts, Dim::hidden, "block_sparse_moe.gate.weight",
     {"mlp.gate.weight"}},
    {Role::router_bias, Scope::layer, PartKind::router, Dim::none, Dim::experts,
     "block_sparse_moe.gate.e_score_correction_bias", {"mlp.gate.e_score_correction_bias"}},
    {Role::gate, Scope::expert, PartKind::experts, Dim::ffn, Dim::hidden, "block_sparse_moe.experts.{expert}.w1.weight",
     {"mlp.experts.gate_up_proj", 0, 2}},
    {Role::up, Scope::expert, PartKind::experts, Dim::ffn, Dim::hidden, "block_sparse_moe.experts.{expert}.w3.weight",
     {"mlp.experts.gate_up_proj", 1, 2}},
    {Role::down, Scope::expert, PartKind::experts, Dim::hidden, Dim::ffn, "block_sparse_moe.experts.{expert}.w2.weight",
     {"mlp.experts.down_proj"}},
    {Role::final_norm, Scope::model, PartKind::final_norm, Dim::none, Dim::hidden, "model.norm.weight"},
    {Role::head, Scope::model, PartKind::head, Dim::vocabulary, Dim::hidden, "lm_head.weight"},
};
// clang-format on

}  // namespace detail

/// Mixtral's decoder whose Blueprint has gating::SigmoidTopK; the bias is named as transformers names DeepSeek-V3's.
/// Source: Wang et al., Auxiliary-Loss-Free Load Balancing Strategy for Mixture-of-Experts, arXiv 2408.15664.
inline constexpr ArchitectureInfo sigmoid_mixtral{
    Architecture::sigmoid_mixtral,
    "sigmoid_mixtral",
    "SigmoidMixtralForCausalLM",
    "intermediate_size",
    "num_local_experts",
    View<const WeightInfo>(detail::sigmoid_mixtral_weights, std::size(detail::sigmoid_mixtral_weights))};

}  // namespace asterism::model
