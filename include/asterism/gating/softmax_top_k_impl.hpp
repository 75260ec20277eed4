// Bodies of softmax_top_k.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
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
  // The best so far, in order; an expert goes behind those that are as good.
  std::size_t count = 0;
  for (std::size_t e = 0; e < logits.size; ++e) {
    if (count == top_k_ && !(logits[e] > out[count - 1].weight)) continue;
    if (count < top_k_) ++count;
    std::size_t place = count - 1;
    for (; place > 0 && logits[e] > out[place - 1].weight; --place) out[place] = out[place - 1];
    out[place] = {.expert = static_cast<std::int32_t>(e), .weight = logits[e]};
  }
  if (!options_.normalised) return;
  float total = 0;
  for (const Route& route : out) total += route.weight;
  for (Route& route : out) route.weight /= total;
}

ASTERISM_INLINE void SoftmaxTopK::backward(View<const float> probabilities, View<const Route> chosen,
                                           View<const float> dweights, View<const float> dprobabilities,
                                           View<float> dlogits) const {
  // Of the softmax over all experts: p (dp - sum p dp).
  float mean = 0;
  for (std::size_t e = 0; e < dlogits.size; ++e) {
    dlogits[e] = dprobabilities.empty() ? 0.0F : dprobabilities[e];
    mean += probabilities[e] * dlogits[e];
  }
  // Of the weights: without a division they are probabilities; with one, a softmax over the chosen alone.
  float chosen_mean = 0;
  for (std::size_t j = 0; j < chosen.size; ++j) {
    if (!options_.normalised) dlogits[static_cast<std::size_t>(chosen[j].expert)] += dweights[j];
    chosen_mean += chosen[j].weight * dweights[j];
  }
  if (!options_.normalised) mean += chosen_mean;
  for (std::size_t e = 0; e < dlogits.size; ++e) dlogits[e] = probabilities[e] * (dlogits[e] - mean);
  if (options_.normalised) {
    for (std::size_t j = 0; j < chosen.size; ++j) {
      dlogits[static_cast<std::size_t>(chosen[j].expert)] += chosen[j].weight * (dweights[j] - chosen_mean);
    }
  }
  if (options_.temperature != 1) {
    for (float& gradient : dlogits) gradient /= options_.temperature;
  }
}

}  // namespace asterism::gating
