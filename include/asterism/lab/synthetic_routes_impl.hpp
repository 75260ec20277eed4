// Bodies of synthetic_routes.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/synthetic_routes.hpp"

namespace asterism::lab {

namespace detail {

/// The softmax of logits.
inline void softmax_of(View<const double> logits, View<float> out) {
  const double greatest = *std::max_element(logits.begin(), logits.end());
  double total = 0;
  for (const double logit : logits) total += std::exp(logit - greatest);
  for (std::size_t e = 0; e < out.size; ++e) out[e] = static_cast<float>(std::exp(logits[e] - greatest) / total);
}

}  // namespace detail

ASTERISM_INLINE RoutingTrace synthetic_trace(const SyntheticRoutes& routes, std::size_t tokens,
                                             std::uint64_t seed) {
  RoutingTrace trace(routes.sizes);
  if (routes.topic_tokens < 1 || !(routes.half_life > 0)) {
    throw InvalidArgument(concat("synthetic routes with topics of ", routes.topic_tokens,
                                 " tokens and a half-life of ", routes.half_life,
                                 ", expected at least 1, and more than 0"));
  }
  const auto layers = static_cast<std::size_t>(routes.sizes.layers);
  const auto experts = static_cast<std::size_t>(routes.sizes.experts);
  const auto top_k = static_cast<std::size_t>(routes.sizes.top_k);
  const double kept = std::pow(0.5, 1 / routes.half_life);
  const double fresh = std::sqrt(1 - kept * kept);
  const bool guessed = routes.guess_noise >= 0 && layers > 1;
  Random random(seed);
  std::vector<double> bias(layers * experts);
  std::vector<double> topic(layers * experts);
  std::vector<double> state(layers * experts);
  for (double& one : bias) one = random.normal();
  for (double& one : state) one = random.normal();
  RoutedSequence out{
      .label = "synthetic", .prompt_tokens = 0, .tokens = std::vector<TokenId>(tokens), .choices = {}};
  out.passes.assign(tokens, 1);
  out.probabilities.resize(tokens * layers * experts);
  if (guessed) out.guesses.resize(tokens * (layers - 1) * experts);
  out.choices.reserve(tokens * layers * top_k);
  std::vector<double> logits(experts);
  std::vector<std::int32_t> order(experts);
  for (std::size_t token = 0; token < tokens; ++token) {
    if (token % routes.topic_tokens == 0) {
      for (double& one : topic) one = random.normal();
    }
    for (double& one : state) one = kept * one + fresh * random.normal();
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const double along = layers == 1 ? 1 : static_cast<double>(layer) / static_cast<double>(layers - 1);
      const double scale = routes.first_scale + (1 - routes.first_scale) * along;
      for (std::size_t e = 0; e < experts; ++e) {
        const std::size_t at = layer * experts + e;
        logits[e] = scale * (routes.bias * bias[at] + routes.topic * topic[at] + routes.state * state[at]) +
                    random.normal();
        order[e] = static_cast<std::int32_t>(e);
      }
      const View<float> all = View<float>(out.probabilities).subview((token * layers + layer) * experts, experts);
      detail::softmax_of(logits, all);
      // By probability, not by logit: logits that differ may have the same probability.
      std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top_k), order.end(),
                        [&](std::int32_t a, std::int32_t b) {
                          const float first = all[static_cast<std::size_t>(a)];
                          const float second = all[static_cast<std::size_t>(b)];
                          return first != second ? first > second : a < b;
                        });
      for (std::size_t k = 0; k < top_k; ++k) {
        out.choices.push_back({.expert = order[k], .probability = all[static_cast<std::size_t>(order[k])]});
      }
      if (!guessed || layer == 0) continue;
      for (double& logit : logits) logit += routes.guess_noise * random.normal();
      detail::softmax_of(logits,
                         View<float>(out.guesses).subview((token * (layers - 1) + layer - 1) * experts, experts));
    }
  }
  trace.append(std::move(out));
  return trace;
}

}  // namespace asterism::lab
