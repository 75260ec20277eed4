// Bodies of weight_names.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/weight_names.hpp"
#include "asterism/core/format.hpp"
#include "asterism/model/weight_info.hpp"

namespace asterism::checkpoint {

namespace detail {

struct GgufName {
  model::Role role;
  std::string_view name;
};

inline constexpr GgufName gguf_names[] = {
    {model::Role::embedding, "token_embd.weight"},
    {model::Role::attention_norm, "attn_norm.weight"},
    {model::Role::query, "attn_q.weight"},
    {model::Role::key, "attn_k.weight"},
    {model::Role::value, "attn_v.weight"},
    {model::Role::query_bias, "attn_q.bias"},
    {model::Role::key_bias, "attn_k.bias"},
    {model::Role::value_bias, "attn_v.bias"},
    {model::Role::query_norm, "attn_q_norm.weight"},
    {model::Role::key_norm, "attn_k_norm.weight"},
    {model::Role::output, "attn_output.weight"},
    {model::Role::output_bias, "attn_output.bias"},
    {model::Role::linear_qkv, "attn_qkv.weight"},
    {model::Role::linear_gate, "attn_gate.weight"},
    {model::Role::linear_beta_decay, "ssm_ba.weight"},
    {model::Role::linear_convolution, "ssm_conv1d.weight"},
    {model::Role::linear_decay_rate, "ssm_a"},
    {model::Role::linear_decay_bias, "ssm_dt.bias"},
    {model::Role::linear_norm, "ssm_norm.weight"},
    {model::Role::linear_output, "ssm_out.weight"},
    {model::Role::feed_forward_norm, "ffn_norm.weight"},
    {model::Role::router, "ffn_gate_inp.weight"},
    {model::Role::gate, "ffn_gate_exps.weight"},
    {model::Role::up, "ffn_up_exps.weight"},
    {model::Role::down, "ffn_down_exps.weight"},
    {model::Role::shared_router, "ffn_gate_inp_shexp.weight"},
    {model::Role::shared_gate, "ffn_gate_shexp.weight"},
    {model::Role::shared_up, "ffn_up_shexp.weight"},
    {model::Role::shared_down, "ffn_down_shexp.weight"},
    {model::Role::dense_gate, "ffn_gate.weight"},
    {model::Role::dense_up, "ffn_up.weight"},
    {model::Role::dense_down, "ffn_down.weight"},
    {model::Role::final_norm, "output_norm.weight"},
    {model::Role::head, "output.weight"},
};

inline constexpr std::string_view gguf_gate_up = "ffn_gate_up_exps.weight";
inline constexpr std::string_view gguf_grouped_qkvz = "ssm_in.weight";

/// Whether an architecture is `llama` in GGUF, whose queries and keys are permuted.
constexpr bool is_gguf_llama(Architecture architecture) {
  return architecture == Architecture::mixtral || architecture == Architecture::llama ||
         architecture == Architecture::mistral;
}

/// The rows of heads of queries or keys whose pairs are neighbours in the tensor.
ASTERISM_INLINE RowGather rows_of_pairs(std::int32_t heads, const Shape& shape, std::uint64_t cols) {
  return {.groups = static_cast<std::uint64_t>(shape.head_dim) / 2,
          .group_rows = 2,
          .cols = cols,
          .parts = {{{0, 1}, {1, 1}}},
          .sections = static_cast<std::uint64_t>(heads)};
}

/// How the rows of a weight stand in a file of llama's architecture.
ASTERISM_INLINE RowGather rows_in_llama(model::Role role, const Shape& shape) {
  switch (role) {
    case model::Role::query:
      return rows_of_pairs(shape.heads, shape, static_cast<std::uint64_t>(shape.hidden));
    case model::Role::key:
      return rows_of_pairs(shape.kv_heads, shape, static_cast<std::uint64_t>(shape.hidden));
    case model::Role::query_bias:
      return rows_of_pairs(shape.heads, shape, 1);
    case model::Role::key_bias:
      return rows_of_pairs(shape.kv_heads, shape, 1);
    default:
      return {};
  }
}

ASTERISM_INLINE std::string in_gguf_layer(std::int32_t layer, std::string_view name) {
  return concat("blk.", layer, ".", name);
}

}  // namespace detail

ASTERISM_INLINE GgufLayout gguf_layout(const GgufStore& store, const Shape& shape) {
  GgufLayout layout;
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    const auto has = [&](std::string_view name) {
      return store.find(detail::in_gguf_layer(layer, name)) != nullptr;
    };
    layout.fused_gate_up = layout.fused_gate_up || has(detail::gguf_gate_up);
    layout.grouped_qkvz = layout.grouped_qkvz || has(detail::gguf_grouped_qkvz);
  }
  return layout;
}

ASTERISM_INLINE std::string_view gguf_name(model::Role role, Architecture architecture, GgufLayout layout) {
  const bool next = architecture == Architecture::qwen3_next;
  if (role == model::Role::feed_forward_norm && next) return "post_attention_norm.weight";
  if (layout.fused_gate_up && (role == model::Role::gate || role == model::Role::up)) return detail::gguf_gate_up;
  if (layout.grouped_qkvz && (role == model::Role::linear_qkv || role == model::Role::linear_gate)) {
    return detail::gguf_grouped_qkvz;
  }
  for (const detail::GgufName& known : detail::gguf_names) {
    if (known.role == role) return known.name;
  }
  return "";
}

ASTERISM_INLINE WeightLocation locate_in_gguf(const model::WeightId& id, const Shape& shape, GgufLayout layout) {
  const bool is_embedding = id.role == model::Role::head && shape.tied_head;
  const model::Role role = is_embedding ? model::Role::embedding : id.role;
  const model::WeightInfo& info = model::info_of(shape.architecture, role);
  const std::uint64_t rows = model::size_of(info.rows, shape);
  const std::uint64_t cols = model::size_of(info.cols, shape);
  const std::string_view name = gguf_name(role, shape.architecture, layout);
  WeightLocation location{
      .name = info.scope == model::Scope::model ? std::string(name) : detail::in_gguf_layer(id.layer, name),
      .shape = {rows, cols}};
  if (info.scope == model::Scope::expert) {
    const bool gate_up = name == detail::gguf_gate_up;
    const std::uint64_t slices = gate_up ? 2 : 1;
    const std::uint64_t slice =
        slices * static_cast<std::uint64_t>(id.expert) + (role == model::Role::up ? slices - 1 : 0);
    location.shape = {static_cast<std::uint64_t>(shape.experts), slices * rows, cols};
    location.first = slice * rows * cols;
    return location;
  }
  if (name == detail::gguf_grouped_qkvz) {
    location.rows = rows_of_qkvz(info.transform, shape);
    location.shape = {location.rows.groups * location.rows.group_rows, cols};
    return location;
  }
  if (info.is_vector()) location.shape = {cols};
  if (detail::is_gguf_llama(shape.architecture)) location.rows = detail::rows_in_llama(role, shape);
  return location;
}

}  // namespace asterism::checkpoint
