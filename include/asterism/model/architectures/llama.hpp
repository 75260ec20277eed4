// Llama and Mistral: grouped-query attention and a dense SwiGLU block in every layer.
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
inline constexpr WeightInfo llama_weights[] = {
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
    {Role::output, Scope::layer, PartKind::attention, Dim::hidden, Dim::query_width, "self_attn.o_proj.weight"},
    {Role::output_bias, Scope::layer, PartKind::attention, Dim::none, Dim::hidden, "self_attn.o_proj.bias",
     {}, Where::with_attention_bias},
    {Role::feed_forward_norm, Scope::layer, PartKind::norms, Dim::none, Dim::hidden, "post_attention_layernorm.weight"},
    {Role::dense_gate, Scope::layer, PartKind::feed_forward, Dim::dense_ffn, Dim::hidden, "mlp.gate_proj.weight"},
    {Role::dense_up, Scope::layer, PartKind::feed_forward, Dim::dense_ffn, Dim::hidden, "mlp.up_proj.weight"},
    {Role::dense_down, Scope::layer, PartKind::feed_forward, Dim::hidden, Dim::dense_ffn, "mlp.down_proj.weight"},
    {Role::final_norm, Scope::model, PartKind::final_norm, Dim::none, Dim::hidden, "model.norm.weight"},
    {Role::head, Scope::model, PartKind::head, Dim::vocabulary, Dim::hidden, "lm_head.weight"},
};
// clang-format on

}  // namespace detail

/// Sources: transformers, `LlamaForCausalLM`; Grattafiori et al., The Llama 3 Herd of Models, arXiv 2407.21783.
inline constexpr ArchitectureInfo llama{
    Architecture::llama, "llama", "LlamaForCausalLM", "", "",
    View<const WeightInfo>(detail::llama_weights, std::size(detail::llama_weights))};

/// Llama's weights, without biases. Sources: transformers, `MistralForCausalLM`; Jiang et al., Mistral 7B, arXiv
/// 2310.06825.
inline constexpr ArchitectureInfo mistral{
    Architecture::mistral, "mistral", "MistralForCausalLM", "", "",
    View<const WeightInfo>(detail::llama_weights, std::size(detail::llama_weights))};

}  // namespace asterism::model
