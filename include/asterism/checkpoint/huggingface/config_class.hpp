// The configuration classes of transformers, one for each architecture: their defaults, and what else they decide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "asterism/core/fwd.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint::detail {

/// When `sliding_window` is the attention's window.
enum class WindowField : std::uint8_t {
  unknown,  ///< never; transformers' cache would heed it all the same
  plain,    ///< unless it is null
  switched  ///< unless it is null, and only if `use_sliding_window`
};

/// What config.json leaves to the class of its architecture.
struct ConfigClass {
  /// Absent fields. No kv_heads: as many as heads. No experts: all layers are dense. Experts and a dense_ffn: the file
  /// says which layers are dense. No head_dim: the head's width follows from other fields. A delta_net: the file says
  /// which layers have it. A shared_ffn: beside the experts of a layer stands a shared one.
  Shape defaults;
  std::optional<TokenId> bos{};
  std::optional<TokenId> eos{};
  WindowField window = WindowField::plain;
  bool null_kv_heads = true;             ///< null is as many as heads, not an error
  bool attention_bias = false;           ///< may be true: biases of the four projections
  bool norm_topk_prob = false;           ///< a field of the class; others' weights are always normalised
  bool llama3_rope = true;               ///< rotary frequencies may be scaled as Llama 3's
  double rotary_part = 1;                ///< of each head, where the file does not say it; 1: no other can be set
  std::string_view activation = "silu";  ///< the one `hidden_act` that there can be

  constexpr bool has_linear_layers() const { return defaults.delta_net != DeltaNetSizes{}; }
};

/// Mixtral's, and that of an architecture that differs in its routers alone.
constexpr ConfigClass of_mixtral(Architecture architecture) {
  return {.defaults = {.architecture = architecture,
                       .vocabulary = 32000,
                       .hidden = 4096,
                       .layers = 32,
                       .heads = 32,
                       .kv_heads = 8,
                       .ffn = 14336,
                       .experts = 8,
                       .top_k = 2,
                       .max_positions = 131072,
                       .rope_theta = 1e6,
                       .rms_epsilon = 1e-5},
          .bos = 1,
          .eos = 2,
          .llama3_rope = false};
}

/// By Architecture. Source: transformers 5.23, `MixtralConfig`, `Qwen3MoeConfig`, `LlamaConfig`, `MistralConfig`,
/// `Qwen3NextConfig`; the fields of switch_decoder and sigmoid_mixtral are Mixtral's.
inline constexpr ConfigClass config_classes[] = {
    of_mixtral(Architecture::mixtral),
    {.defaults = {.architecture = Architecture::qwen3_moe,
                  .vocabulary = 151936,
                  .hidden = 2048,
                  .layers = 24,
                  .heads = 32,
                  .kv_heads = 4,
                  .qk_norm = true,
                  .ffn = 768,
                  .experts = 128,
                  .top_k = 8,
                  .normalised_top_k = false,
                  .dense_ffn = 6144,
                  .max_positions = 32768,
                  .sliding_window = 4096,
                  .rope_theta = 1e4,
                  .rms_epsilon = 1e-6},
     .window = WindowField::switched,
     .null_kv_heads = false,
     .attention_bias = true,
     .norm_topk_prob = true},
    {.defaults = {.architecture = Architecture::llama,
                  .vocabulary = 32000,
                  .hidden = 4096,
                  .layers = 32,
                  .heads = 32,
                  .dense_ffn = 11008,
                  .max_positions = 2048,
                  .rope_theta = 1e4,
                  .rms_epsilon = 1e-6},
     .bos = 1,
     .eos = 2,
     .window = WindowField::unknown,
     .attention_bias = true},
    {.defaults = {.architecture = Architecture::mistral,
                  .vocabulary = 32000,
                  .hidden = 4096,
                  .layers = 32,
                  .heads = 32,
                  .kv_heads = 8,
                  .dense_ffn = 14336,
                  .max_positions = 131072,
                  .sliding_window = 4096,
                  .rope_theta = 1e4,
                  .rms_epsilon = 1e-6},
     .bos = 1,
     .eos = 2},
    {.defaults =
         {.architecture = Architecture::qwen3_next,
          .vocabulary = 151936,
          .hidden = 2048,
          .layers = 48,
          .heads = 16,
          .kv_heads = 2,
          .head_dim = 256,
          .attention_gate = true,
          .qk_norm = true,
          .ffn = 512,
          .experts = 512,
          .top_k = 10,
          .delta_net = {.key_heads = 16, .value_heads = 32, .key_width = 128, .value_width = 128, .kernel = 4},
          .shared_ffn = 512,
          .dense_ffn = 5632,
          .max_positions = 32768,
          .rope_theta = 1e4,
          .rms_epsilon = 1e-6},
     .window = WindowField::unknown,
     .null_kv_heads = false,
     .attention_bias = true,
     .norm_topk_prob = true,
     .rotary_part = 0.25},
    {.defaults = {.architecture = Architecture::switch_decoder,
                  .vocabulary = 32000,
                  .hidden = 512,
                  .layers = 6,
                  .heads = 8,
                  .ffn = 2048,
                  .experts = 8,
                  .top_k = 1,
                  .normalised_top_k = false,
                  .max_positions = 2048,
                  .rope_theta = 1e4,
                  .rms_epsilon = 1e-6},
     .bos = 1,
     .eos = 2,
     .llama3_rope = false,
     .activation = "relu"},
    of_mixtral(Architecture::sigmoid_mixtral),
};

static_assert([] {
  for (std::size_t i = 0; i < std::size(config_classes); ++i) {
    if (config_classes[i].defaults.architecture != static_cast<Architecture>(i)) return false;
  }
  return true;
}());

constexpr const ConfigClass& class_of(Architecture architecture) {
  return config_classes[static_cast<std::size_t>(architecture)];
}

}  // namespace asterism::checkpoint::detail
