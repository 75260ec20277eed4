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

}  // namespace asterism::shapes
