// Mixtral with sigmoids in its routers, and a bias of each expert beside them.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>

#include "asterism/core/view.hpp"
#include "asterism/model/architectures/mixtral.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

namespace detail {

/// Mixtral's weights, and the bias behind the router.
inline constexpr auto sigmoid_mixtral_weights = [] {
  std::array<WeightInfo, std::size(mixtral_weights) + 1> out{};
  std::size_t next = 0;
  for (const WeightInfo& info : mixtral_weights) {
    out[next++] = info;
    if (info.role != Role::router) continue;
    out[next++] = {.role = Role::router_bias,
                   .scope = Scope::layer,
                   .part = PartKind::router,
                   .cols = Dim::experts,
                   .name = "block_sparse_moe.gate.e_score_correction_bias",
                   .fused = {"mlp.gate.e_score_correction_bias"}};
  }
  return out;
}();

}  // namespace detail

/// Mixtral's decoder whose Blueprint has gating::SigmoidTopK; the bias is named as transformers names DeepSeek-V3's.
/// Source: Wang et al., Auxiliary-Loss-Free Load Balancing Strategy for Mixture-of-Experts, arXiv 2408.15664.
inline constexpr ArchitectureInfo sigmoid_mixtral{Architecture::sigmoid_mixtral, "sigmoid_mixtral",
                                                  "SigmoidMixtralForCausalLM",   mixtral.ffn_field,
                                                  mixtral.experts_field,         detail::sigmoid_mixtral_weights};

}  // namespace asterism::model
