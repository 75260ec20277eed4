// Shapes of published models.
#pragma once

#include "asterism/shape/shape.hpp"

namespace asterism::shapes {

/// Mixtral 8x7B (Jiang et al., Mixtral of Experts, arXiv 2401.04088): 46 702 792 704 parameters. Shape of both the
/// base model and Instruct.
inline constexpr Shape mixtral_8x7b{.architecture = Architecture::mixtral,
                                    .vocabulary = 32000,
                                    .hidden = 4096,
                                    .layers = 32,
                                    .heads = 32,
                                    .kv_heads = 8,
                                    .head_dim = 128,
                                    .ffn = 14336,
                                    .experts = 8,
                                    .top_k = 2,
                                    .max_positions = 32768,
                                    .sliding_window = 0,
                                    .tied_head = false,
                                    .rope_theta = 1e6,
                                    .rms_epsilon = 1e-5};

/// Mixtral 8x22B (config.json of `mistralai/Mixtral-8x22B-v0.1`): 140 620 634 112 parameters. Instruct has 768 more
/// entries in its vocabulary.
inline constexpr Shape mixtral_8x22b{.architecture = Architecture::mixtral,
                                     .vocabulary = 32000,
                                     .hidden = 6144,
                                     .layers = 56,
                                     .heads = 48,
                                     .kv_heads = 8,
                                     .head_dim = 128,
                                     .ffn = 16384,
                                     .experts = 8,
                                     .top_k = 2,
                                     .max_positions = 65536,
                                     .sliding_window = 0,
                                     .tied_head = false,
                                     .rope_theta = 1e6,
                                     .rms_epsilon = 1e-5};

/// Qwen3-30B-A3B (Qwen3 Technical Report, arXiv 2505.09388; config.json of `Qwen/Qwen3-30B-A3B`): 30 532 122 624
/// parameters. Shape of the first release; the revisions of July 2025 differ in positions and theta.
inline constexpr Shape qwen3_30b_a3b{.architecture = Architecture::qwen3_moe,
                                     .vocabulary = 151936,
                                     .hidden = 2048,
                                     .layers = 48,
                                     .heads = 32,
                                     .kv_heads = 4,
                                     .head_dim = 128,
                                     .qk_norm = true,
                                     .ffn = 768,
                                     .experts = 128,
                                     .top_k = 8,
                                     .max_positions = 40960,
                                     .rope_theta = 1e6,
                                     .rms_epsilon = 1e-6};

/// Qwen3-235B-A22B (the same report; config.json of `Qwen/Qwen3-235B-A22B`): 235 093 634 560 parameters.
inline constexpr Shape qwen3_235b_a22b{.architecture = Architecture::qwen3_moe,
                                       .vocabulary = 151936,
                                       .hidden = 4096,
                                       .layers = 94,
                                       .heads = 64,
                                       .kv_heads = 4,
                                       .head_dim = 128,
                                       .qk_norm = true,
                                       .ffn = 1536,
                                       .experts = 128,
                                       .top_k = 8,
                                       .max_positions = 40960,
                                       .rope_theta = 1e6,
                                       .rms_epsilon = 1e-6};

/// Qwen3-Next-80B-A3B (config.json of `Qwen/Qwen3-Next-80B-A3B-Instruct`): 79 674 391 296 parameters, without the block
/// that predicts a token more.
inline constexpr Shape qwen3_next_80b_a3b = [] {
  Shape shape{.architecture = Architecture::qwen3_next,
              .vocabulary = 151936,
              .hidden = 2048,
              .layers = 48,
              .heads = 16,
              .kv_heads = 2,
              .head_dim = 256,
              .rotary_dim = 64,
              .attention_gate = true,
              .qk_norm = true,
              .ffn = 512,
              .experts = 512,
              .top_k = 10,
              .delta_net = {.key_heads = 16, .value_heads = 32, .key_width = 128, .value_width = 128, .kernel = 4},
              .shared_ffn = 512,
              .max_positions = 262144,
              .rope_theta = 1e7,
              .rms_epsilon = 1e-6};
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    if ((layer + 1) % 4 != 0) shape.linear_layers.insert(layer);
  }
  return shape;
}();

/// Llama 3.1 8B (Grattafiori et al., arXiv 2407.21783; config.json of `meta-llama/Llama-3.1-8B`): 8 030 261 248
/// parameters.
inline constexpr Shape llama3_8b{
    .architecture = Architecture::llama,
    .vocabulary = 128256,
    .hidden = 4096,
    .layers = 32,
    .heads = 32,
    .kv_heads = 8,
    .head_dim = 128,
    .dense_layers = LayerSet::range(0, 32),
    .dense_ffn = 14336,
    .max_positions = 131072,
    .rope_theta = 5e5,
    .rope_scaling = {.factor = 8, .low_freq_factor = 1, .high_freq_factor = 4, .original_positions = 8192},
    .rms_epsilon = 1e-5};

/// Llama 3.1 70B (the same paper; config.json of `meta-llama/Llama-3.1-70B`): 70 553 706 496 parameters.
inline constexpr Shape llama3_70b{
    .architecture = Architecture::llama,
    .vocabulary = 128256,
    .hidden = 8192,
    .layers = 80,
    .heads = 64,
    .kv_heads = 8,
    .head_dim = 128,
    .dense_layers = LayerSet::range(0, 80),
    .dense_ffn = 28672,
    .max_positions = 131072,
    .rope_theta = 5e5,
    .rope_scaling = {.factor = 8, .low_freq_factor = 1, .high_freq_factor = 4, .original_positions = 8192},
    .rms_epsilon = 1e-5};

/// Mistral 7B (Jiang et al., arXiv 2310.06825; config.json of `mistralai/Mistral-7B-v0.1`): 7 241 732 096 parameters.
/// Later versions have no window, a theta of 1e6 and, from 0.3 on, 32768 tokens.
inline constexpr Shape mistral_7b{.architecture = Architecture::mistral,
                                  .vocabulary = 32000,
                                  .hidden = 4096,
                                  .layers = 32,
                                  .heads = 32,
                                  .kv_heads = 8,
                                  .head_dim = 128,
                                  .dense_layers = LayerSet::range(0, 32),
                                  .dense_ffn = 14336,
                                  .max_positions = 32768,
                                  .sliding_window = 4096,
                                  .rope_theta = 1e4,
                                  .rms_epsilon = 1e-5};

/// A decoder of Switch layers: 6 of them, 8 experts, 512-2048-512, one expert a token: 139 753 984 parameters.
inline constexpr Shape switch_140m{.architecture = Architecture::switch_decoder,
                                   .vocabulary = 32000,
                                   .hidden = 512,
                                   .layers = 6,
                                   .heads = 8,
                                   .kv_heads = 8,
                                   .head_dim = 64,
                                   .ffn = 2048,
                                   .experts = 8,
                                   .top_k = 1,
                                   .normalised_top_k = false,
                                   .max_positions = 2048,
                                   .rope_theta = 1e4,
                                   .rms_epsilon = 1e-6};

}  // namespace asterism::shapes
