// Bodies of sigmoid_top_k.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/gating/best_experts.hpp"
#include "asterism/gating/sigmoid_top_k.hpp"
#include "asterism/gating/softmax_choice_backward.hpp"
#include "asterism/linalg/softmax.hpp"

namespace asterism::gating {

namespace detail {

/// log sigmoid(x), finite wherever x is.
inline float log_sigmoid(float x) { return std::min(x, 0.0F) - std::log1p(std::exp(-std::abs(x))); }

}  // namespace detail

ASTERISM_INLINE SigmoidTopK::SigmoidTopK(std::size_t experts, std::size_t top_k, SigmoidTopKOptions options)
    : top_k_(top_k), options_(options) {
  if (top_k < 1 || top_k > experts) {
    throw InvalidArgument(concat("a router can't choose ", top_k, " of ", experts, " experts"));
  }
}

ASTERISM_INLINE void SigmoidTopK::route(View<float> scores, View<Route> out) const {
  if (bias_.empty()) {
    best_experts(
        scores.size, [&](std::size_t e) { return scores[e]; }, out);  // sigmoids ascend as scores do
  } else {
    best_experts(
        scores.size, [&](std::size_t e) { return std::exp(detail::log_sigmoid(scores[e])) + bias_[e]; }, out);
  }
  for (float& score : scores) score = detail::log_sigmoid(score);
  // What they weigh: exp of the logarithm, or of its distance to the largest among the chosen, divided by their sum.
  float largest = 0;
  if (options_.normalised) {
    largest = scores[static_cast<std::size_t>(out[0].expert)];
    for (const Route& route : out) largest = std::max(largest, scores[static_cast<std::size_t>(route.expert)]);
  }
  float total = 0;
  for (Route& route : out) {
    route.weight = std::exp(scores[static_cast<std::size_t>(route.expert)] - largest);
    total += route.weight;
  }
  if (options_.normalised) {
    for (Route& route : out) route.weight /= total;
  }
  linalg::softmax(scores);
}

ASTERISM_INLINE void SigmoidTopK::backward(View<const float> scores, View<const float> probabilities,
                                           View<const Route> chosen, View<const float> dweights,
                                           View<const float> dprobabilities, View<float> dscores) const {
  // Both are softmaxes of log s, whose derivative is 1 - s; a weight that is no share is s itself.
  if (options_.normalised) {
    detail::softmax_choice_backward(probabilities, chosen, dweights, dprobabilities, true, dscores);
  } else {
    detail::softmax_choice_backward(probabilities, {}, {}, dprobabilities, true, dscores);
    for (std::size_t j = 0; j < chosen.size; ++j) {
      if (chosen[j].expert == dropped) continue;
      dscores[static_cast<std::size_t>(chosen[j].expert)] += chosen[j].weight * dweights[j];
    }
  }
  for (std::size_t e = 0; e < dscores.size; ++e) dscores[e] /= 1 + std::exp(scores[e]);
}

}  // namespace asterism::gating
