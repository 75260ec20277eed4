// A decoder of Switch layers: grouped-query attention, and experts of two matrices in every layer.
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
inline constexpr WeightInfo switch_decoder_weights[] = {
    {Role::embedding, Scope::model, PartKind::embedding, Dim::vocabulary, Dim::hidden, "model.embed_tokens.weight"},
    {Role::attention_norm, Scope::layer, PartKind::norms, Dim::none, Dim::hidden, "input_layernorm.weight"},
    {Role::query, Scope::layer, PartKind::attention, Dim::query_width, Dim::hidden, "self_attn.q_proj.weight"},
    {Role::key, Scope::layer, PartKind::attention, Dim::kv_width, Dim::hidden, "self_attn.k_proj.weight"},
    {Role::value, Scope::layer, PartKind::attention, Dim::kv_width, Dim::hidden, "self_attn.v_proj.weight"},
    {Role::output, Scope::layer, PartKind::attention, Dim::hidden, Dim::query_width, "self_attn.o_proj.weight"},
    {Role::feed_forward_norm, Scope::layer, PartKind::norms, Dim::none, Dim::hidden, "post_attention_layernorm.weight"},
    {Role::router, Scope::layer, PartKind::router, Dim::experts, Dim::hidden, "mlp.router.classifier.weight"},
    {Role::up, Scope::expert, PartKind::experts, Dim::ffn, Dim::hidden, "mlp.experts.expert_{expert}.wi.weight"},
    {Role::down, Scope::expert, PartKind::experts, Dim::hidden, Dim::ffn, "mlp.experts.expert_{expert}.wo.weight"},
    {Role::final_norm, Scope::model, PartKind::final_norm, Dim::none, Dim::hidden, "model.norm.weight"},
    {Role::head, Scope::model, PartKind::head, Dim::vocabulary, Dim::hidden, "lm_head.weight"},
};
// clang-format on

}  // namespace detail

/// Mixtral's decoder with the layers of the Switch Transformer in the place of its experts, named as transformers names
/// them. A Blueprint for it has expert::Relu and gating::Switch. Sources: Fedus et al., Switch Transformers, arXiv
/// 2101.03961; transformers, `SwitchTransformersSparseMLP`.
inline constexpr ArchitectureInfo switch_decoder{
    Architecture::switch_decoder, "switch_decoder", "SwitchDecoderForCausalLM", "intermediate_size", "num_experts",
    View<const WeightInfo>(detail::switch_decoder_weights, std::size(detail::switch_decoder_weights))};

}  // namespace asterism::model
