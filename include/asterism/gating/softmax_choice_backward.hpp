// The gradient of a softmax over all experts and of the choice made of it.
#pragma once

#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::gating::detail {

/// dscores (n_experts), overwritten, from the gradients of the weights of the chosen (top_k) and of the probabilities
/// (n_experts, or empty: none), where probabilities = softmax(scores) and weights are the chosen ones', divided by
/// their sum if `normalised`. The weight of a choice that was dropped has no gradient.
inline void softmax_choice_backward(View<const float> probabilities, View<const Route> chosen,
                                    View<const float> dweights, View<const float> dprobabilities, bool normalised,
                                    View<float> dscores) {
  // Of the softmax over all experts: p (dp - sum p dp).
  float mean = 0;
  for (std::size_t e = 0; e < dscores.size; ++e) {
    dscores[e] = dprobabilities.empty() ? 0.0F : dprobabilities[e];
    mean += probabilities[e] * dscores[e];
  }
  // Of the weights: without a division they are probabilities; with one, a softmax over the chosen alone.
  float chosen_mean = 0;
  for (std::size_t j = 0; j < chosen.size; ++j) {
    if (chosen[j].expert == dropped) continue;
    if (!normalised) dscores[static_cast<std::size_t>(chosen[j].expert)] += dweights[j];
    chosen_mean += chosen[j].weight * dweights[j];
  }
  if (!normalised) mean += chosen_mean;
  for (std::size_t e = 0; e < dscores.size; ++e) dscores[e] = probabilities[e] * (dscores[e] - mean);
  if (!normalised) return;
  for (std::size_t j = 0; j < chosen.size; ++j) {
    if (chosen[j].expert == dropped) continue;
    dscores[static_cast<std::size_t>(chosen[j].expert)] += chosen[j].weight * (dweights[j] - chosen_mean);
  }
}

}  // namespace asterism::gating::detail
