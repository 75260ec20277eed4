// Qwen3-Next: a Gated DeltaNet in most layers, gated attention in the others; SwiGLU experts beside a shared one.
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
inline constexpr WeightInfo qwen3_next_weights[] = {
    {Role::embedding, Scope::model, PartKind::embedding, Dim::vocabulary, Dim::hidden, "model.embed_tokens.weight"},
    {Role::attention_norm, Scope::layer, PartKind::norms, Dim::none, Dim::hidden, "input_layernorm.weight",
     {}, Where::everywhere, Transform::plus_one},
    {Role::query, Scope::layer, PartKind::attention, Dim::query_rows, Dim::hidden, "self_attn.q_proj.weight",
     {}, Where::attention_layers},
    {Role::key, Scope::layer, PartKind::attention, Dim::kv_width, Dim::hidden, "self_attn.k_proj.weight",
     {}, Where::attention_layers},
    {Role::value, Scope::layer, PartKind::attention, Dim::kv_width, Dim::hidden, "self_attn.v_proj.weight",
     {}, Where::attention_layers},
    {Role::query_bias, Scope::layer, PartKind::attention, Dim::none, Dim::query_rows, "self_attn.q_proj.bias",
     {}, Where::with_attention_bias},
    {Role::key_bias, Scope::layer, PartKind::attention, Dim::none, Dim::kv_width, "self_attn.k_proj.bias",
     {}, Where::with_attention_bias},
    {Role::value_bias, Scope::layer, PartKind::attention, Dim::none, Dim::kv_width, "self_attn.v_proj.bias",
     {}, Where::with_attention_bias},
    {Role::query_norm, Scope::layer, PartKind::attention, Dim::none, Dim::head_dim, "self_attn.q_norm.weight",
     {}, Where::with_qk_norm, Transform::plus_one},
    {Role::key_norm, Scope::layer, PartKind::attention, Dim::none, Dim::head_dim, "self_attn.k_norm.weight",
     {}, Where::with_qk_norm, Transform::plus_one},
    {Role::output, Scope::layer, PartKind::attention, Dim::hidden, Dim::query_width, "self_attn.o_proj.weight",
     {}, Where::attention_layers},
    {Role::output_bias, Scope::layer, PartKind::attention, Dim::none, Dim::hidden, "self_attn.o_proj.bias",
     {}, Where::with_attention_bias},
    {Role::linear_qkv, Scope::layer, PartKind::linear_attention, Dim::linear_channels, Dim::hidden,
     "linear_attn.in_proj_qkvz.weight", {}, Where::linear_layers, Transform::queries_keys_values},
    {Role::linear_gate, Scope::layer, PartKind::linear_attention, Dim::linear_values, Dim::hidden,
     "linear_attn.in_proj_qkvz.weight", {}, Where::linear_layers, Transform::gates},
    {Role::linear_beta_decay, Scope::layer, PartKind::linear_attention, Dim::linear_betas_decays, Dim::hidden,
     "linear_attn.in_proj_ba.weight", {}, Where::linear_layers},
    {Role::linear_convolution, Scope::layer, PartKind::linear_attention, Dim::linear_channels, Dim::linear_kernel,
     "linear_attn.conv1d.weight", {}, Where::linear_layers, Transform::none, true},
    {Role::linear_decay_rate, Scope::layer, PartKind::linear_attention, Dim::none, Dim::linear_value_heads,
     "linear_attn.A_log", {}, Where::linear_layers, Transform::minus_exponential},
    {Role::linear_decay_bias, Scope::layer, PartKind::linear_attention, Dim::none, Dim::linear_value_heads,
     "linear_attn.dt_bias", {}, Where::linear_layers},
    {Role::linear_norm, Scope::layer, PartKind::linear_attention, Dim::none, Dim::linear_value_width,
     "linear_attn.norm.weight", {}, Where::linear_layers},
    {Role::linear_output, Scope::layer, PartKind::linear_attention, Dim::hidden, Dim::linear_values,
     "linear_attn.out_proj.weight", {}, Where::linear_layers},
    {Role::feed_forward_norm, Scope::layer, PartKind::norms, Dim::none, Dim::hidden, "post_attention_layernorm.weight",
     {}, Where::everywhere, Transform::plus_one},
    {Role::router, Scope::layer, PartKind::router, Dim::experts, Dim::hidden, "mlp.gate.weight",
     {}, Where::sparse_layers},
    {Role::shared_router, Scope::layer, PartKind::router, Dim::one, Dim::hidden, "mlp.shared_expert_gate.weight",
     {}, Where::sparse_layers},
    {Role::shared_gate, Scope::layer, PartKind::shared_expert, Dim::shared_ffn, Dim::hidden,
     "mlp.shared_expert.gate_proj.weight", {}, Where::sparse_layers},
    {Role::shared_up, Scope::layer, PartKind::shared_expert, Dim::shared_ffn, Dim::hidden,
     "mlp.shared_expert.up_proj.weight", {}, Where::sparse_layers},
    {Role::shared_down, Scope::layer, PartKind::shared_expert, Dim::hidden, Dim::shared_ffn,
     "mlp.shared_expert.down_proj.weight", {}, Where::sparse_layers},
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
    {Role::final_norm, Scope::model, PartKind::final_norm, Dim::none, Dim::hidden, "model.norm.weight",
     {}, Where::everywhere, Transform::plus_one},
    {Role::head, Scope::model, PartKind::head, Dim::vocabulary, Dim::hidden, "lm_head.weight"},
};
// clang-format on

}  // namespace detail

/// Tensors below `mtp.`, a block that predicts a token more, are passed over. Sources: transformers,
/// `Qwen3NextForCausalLM`; Yang et al., Gated Delta Networks, arXiv 2412.06464.
inline constexpr ArchitectureInfo qwen3_next{
    Architecture::qwen3_next, "qwen3_next", "Qwen3NextForCausalLM", "moe_intermediate_size", "num_experts",
    View<const WeightInfo>(detail::qwen3_next_weights, std::size(detail::qwen3_next_weights)), "mtp."};

}  // namespace asterism::model
