// Bodies of known_keys.hpp.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "asterism/checkpoint/gguf/known_keys.hpp"
#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::checkpoint {

namespace detail {

/// Keys of an architecture that gguf_model_config reads.
// clang-format off
inline constexpr std::string_view gguf_config_keys[] = {
    "attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.layer_norm_rms_epsilon",
    "attention.recurrent_layers", "attention.sliding_window", "attention.value_length", "block_count",
    "context_length", "embedding_length", "expert_count", "expert_feed_forward_length",
    "expert_shared_feed_forward_length", "expert_used_count", "expert_weights_norm", "feed_forward_length",
    "full_attention_interval", "nextn_predict_layers", "rope.dimension_count", "rope.freq_base",
    "rope.scaling.finetuned", "rope.scaling.original_context_length",  // mean nothing without a type
    "ssm.conv_kernel",
    "ssm.group_count", "ssm.inner_size", "ssm.state_size", "ssm.time_step_rank", "vocab_size"};
// clang-format on

/// Keys that may have one value alone, which changes nothing.
struct GgufFixedKey {
  std::string_view key;
  double value;
  double or_value;
};
inline constexpr GgufFixedKey gguf_fixed_keys[] = {
    {"expert_gating_func", 1, 1},        {"expert_weights_scale", 1, 0},     {"expert_shared_count", 0, 1},
    {"expert_group_count", 0, 1},        {"expert_group_used_count", 0, 1},  {"leading_dense_block_count", 0, 0},
    {"interleave_moe_layer_step", 0, 1}, {"attention.clamp_kqv", 0, 0},      {"logit_scale", 0, 1},
    {"rope.scaling.factor", 1, 1},       {"rope.scaling.attn_factor", 1, 1}, {"rope.scale_linear", 1, 1},
};

/// Checks the key `name` of an architecture.
ASTERISM_INLINE void check_gguf_key(const GgufMetadata& metadata, const GgufEntry& entry, std::string_view name) {
  const auto unsupported = [&](const std::string& what) {
    return Unsupported(concat(metadata.where(), ": metadata key '", printable(entry.key), "' ", what));
  };
  for (const std::string_view known : gguf_config_keys) {
    if (known == name) return;
  }
  for (const GgufFixedKey& fixed : gguf_fixed_keys) {
    if (fixed.key != name) continue;
    const double value = metadata.number(entry.key).value_or(fixed.value);
    if (value == fixed.value || value == fixed.or_value) return;
    throw unsupported(concat("is ", value, "; supported is ", fixed.value));
  }
  if (name == "attention.causal") {
    if (metadata.boolean(entry.key).value_or(true)) return;
    throw unsupported("is false; supported is true");
  }
  for (const auto& [text_key, value] : {std::pair<std::string_view, std::string_view>("rope.scaling.type", "none"),
                                        {"tensor_data_layout", "Meta AI original pth"}}) {
    if (name != text_key) continue;
    const std::string_view found = metadata.required_text(entry.key);
    if (found == value) return;
    throw unsupported(concat("is '", printable(found), "'; supported is '", value, "'"));
  }
  std::string known;
  for (const std::string_view one : gguf_config_keys) known += concat(known.empty() ? "" : ", ", one);
  throw unsupported(concat("is not known: it may change what the model computes; known are ", known));
}

}  // namespace detail

ASTERISM_INLINE void check_gguf_keys(const GgufMetadata& metadata, std::string_view architecture) {
  const std::string beginning = concat(architecture, ".");
  for (const GgufEntry& entry : metadata.entries()) {
    if (!entry.key.starts_with(beginning)) continue;
    detail::check_gguf_key(metadata, entry, std::string_view(entry.key).substr(beginning.size()));
  }
}

}  // namespace asterism::checkpoint
