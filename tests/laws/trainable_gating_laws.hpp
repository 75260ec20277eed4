// The laws of train::TrainableGating, for gatings that are constructed from (experts, top_k) or made by a function of
// these. Needs doctest.
//
//   laws::trainable_gating<MyGating>();
//   laws::trainable_gating([](std::size_t experts, std::size_t top_k) { return MyGating(experts, top_k, 0.5F); });
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/train/trainable_gating.hpp"

#include "laws/gating_laws.hpp"
#include "laws/law.hpp"
#include "support/slopes.hpp"

namespace asterism::laws {

/// sum of dweights * weights + dprobabilities * probabilities, and who was chosen.
template <class Gating>
double routed(const Gating& gating, std::vector<float> scores, View<const float> dweights,
              View<const float> dprobabilities, std::set<std::int32_t>& chosen) {
  std::vector<gating::Route> routes(gating.top_k());
  gating.route(scores, routes);
  double out = 0;
  chosen.clear();
  for (std::size_t j = 0; j < routes.size(); ++j) {
    out += static_cast<double>(dweights[j]) * static_cast<double>(routes[j].weight);
    chosen.insert(routes[j].expert);
  }
  for (std::size_t e = 0; e < dprobabilities.size; ++e)
    out += static_cast<double>(dprobabilities[e]) * static_cast<double>(scores[e]);
  return out;
}

/// The gradient is the derivative of what `route` leaves, where no tie is near.
template <class Make>
void gating_gradients(const Make& make) {
  Random random(3);
  using G = std::remove_cvref_t<GatingOf<Make>>;
  static_assert(train::TrainableGating<G>);
  for (const GatingSize& size : gating_sizes) {
    const std::size_t experts = size.experts;
    const std::size_t top_k = size.top_k;
    if (top_k > most_chosen<G> || experts > 64) continue;
    for (const bool with_losses : {false, true}) {
      CAPTURE(experts);
      CAPTURE(top_k);
      CAPTURE(with_losses);
      const G gating = make(experts, top_k);
      std::vector<float> scores(experts), dweights(top_k), dprobabilities(with_losses ? experts : 0);
      for (auto* values : {&scores, &dweights, &dprobabilities}) {
        for (float& value : *values) value = static_cast<float>(random.normal());
      }
      std::vector<float> probabilities = scores;
      std::vector<gating::Route> routes(top_k);
      gating.route(probabilities, routes);
      std::vector<float> found(experts, NAN);
      gating.backward(scores, probabilities, routes, dweights, dprobabilities, found);
      // Weights come best first: a step that changes the order changes nobody's weight but its place.
      constexpr double step = 1e-2;
      double largest = 0;
      double most = 0;
      for (std::size_t e = 0; e < experts; ++e) {
        const auto at = [&](double by, std::set<std::int32_t>& chosen) {
          std::vector<float> moved = scores;
          moved[e] = static_cast<float>(static_cast<double>(scores[e]) + by);
          return routed(gating, moved, dweights, dprobabilities, chosen);
        };
        std::set<std::int32_t> above, below;
        std::vector<gating::Route> order(top_k);
        const double slope = (at(step, above) - at(-step, below)) / (2 * step);
        const auto order_at = [&](double by) {
          std::vector<float> moved = scores;
          moved[e] = static_cast<float>(static_cast<double>(scores[e]) + by);
          gating.route(moved, order);
          std::vector<std::int32_t> out;
          for (const auto& route : order) out.push_back(route.expert);
          return out;
        };
        if (order_at(step) != order_at(-step)) continue;
        most = test::worse(most, std::abs(slope - static_cast<double>(found[e])));
        largest = std::max({largest, std::abs(slope), 0.05});
      }
      CHECK(most < 2e-3 * largest);
    }
  }
}

/// The weight of a choice that was dropped has no gradient, of gatings whose experts may have a capacity.
template <class Make>
void dropped_choices(const Make& make) {
  using G = std::remove_cvref_t<GatingOf<Make>>;
  Random random(5);
  const auto values = [&](std::size_t count) {
    std::vector<float> out(count);
    for (float& value : out) value = static_cast<float>(random.normal());
    return out;
  };
  for (const GatingSize& size : gating_sizes) {
    if (size.top_k > most_chosen<G> || size.experts > 64) continue;
    const G gating = make(size.experts, size.top_k);
    CHECK_FALSE(gating.normalised());
    const std::vector<float> scores = values(size.experts);
    std::vector<float> probabilities = scores;
    std::vector<gating::Route> routes(size.top_k);
    gating.route(probabilities, routes);
    std::vector<float> dweights = values(size.top_k);
    const std::vector<float> dprobabilities = values(size.experts);
    std::vector<float> found(size.experts, NAN), expected(size.experts, NAN);
    std::vector<gating::Route> kept = routes;
    kept[0].expert = gating::dropped;
    gating.backward(scores, probabilities, kept, dweights, dprobabilities, found);
    dweights[0] = 0;
    gating.backward(scores, probabilities, routes, dweights, dprobabilities, expected);
    CHECK(found == expected);
  }
}

/// All laws.
template <class Make>
void trainable_gating(const Make& make) {
  gating_gradients(make);
  if constexpr (gating::Capped<std::remove_cvref_t<GatingOf<Make>>>) dropped_choices(make);
}
template <class G>
void trainable_gating() {
  trainable_gating([](std::size_t experts, std::size_t top_k) { return G(experts, top_k); });
}

}  // namespace asterism::laws
