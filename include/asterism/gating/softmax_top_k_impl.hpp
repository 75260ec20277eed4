// Bodies of softmax_top_k.hpp.
#pragma once

#include <cstddef>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/gating/best_experts.hpp"
#include "asterism/gating/softmax_choice_backward.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/linalg/softmax.hpp"

namespace asterism::gating {

ASTERISM_INLINE SoftmaxTopK::SoftmaxTopK(std::size_t experts, std::size_t top_k, SoftmaxTopKOptions options)
    : top_k_(top_k), options_(options) {
  if (top_k < 1 || top_k > experts) {
    throw InvalidArgument(concat("a router can't choose ", top_k, " of ", experts, " experts"));
  }
  if (!(options.temperature > 0)) {
    throw InvalidArgument(
        concat("a router's temperature is ", options.temperature, ", expected a number above 0"));
  }
}

ASTERISM_INLINE void SoftmaxTopK::route(View<float> logits, View<Route> out) const {
  if (options_.temperature != 1) {
    for (float& logit : logits) logit /= options_.temperature;
  }
  linalg::softmax(logits);
  best_experts(
      logits.size, [&](std::size_t e) { return logits[e]; }, out);
  if (!options_.normalised) return;
  float total = 0;
  for (const Route& route : out) total += route.weight;
  for (Route& route : out) route.weight /= total;
}

ASTERISM_INLINE void SoftmaxTopK::backward(View<const float> /*scores*/, View<const float> probabilities,
                                           View<const Route> chosen, View<const float> dweights,
                                           View<const float> dprobabilities, View<float> dscores) const {
  detail::softmax_choice_backward(probabilities, chosen, dweights, dprobabilities, options_.normalised, dscores);
  if (options_.temperature != 1) {
    for (float& gradient : dscores) gradient /= options_.temperature;
  }
}

}  // namespace asterism::gating
