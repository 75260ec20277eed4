// The contract of a gating policy, which chooses experts and weights from router scores.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "asterism/core/view.hpp"
#include "asterism/gating/fwd.hpp"

namespace asterism::gating {

/// In the place of an expert: the choice was dropped, nobody answers it. Gatings don't choose it; see Capped.
inline constexpr std::int32_t dropped = std::numeric_limits<std::int32_t>::min();

/// One chosen expert of one token.
struct Route {
  std::int32_t expert = 0;  ///< 0 <= expert < number of experts, or `dropped`
  float weight = 0;         ///< >= 0: weight of the expert's output

  friend constexpr bool operator==(const Route&, const Route&) = default;
};

namespace needs {

template <class G>
concept top_k = requires(const G& gating) {
  { gating.top_k() } -> std::same_as<std::size_t>;
};

template <class G>
concept route = requires(const G& gating, View<float> logits, View<Route> out) {
  { gating.route(logits, out) } -> std::same_as<void>;
};

template <class G>
concept normalised = requires(const G& gating) {
  { gating.normalised() } -> std::same_as<bool>;
};

}  // namespace needs

/// A gating policy chooses top_k() experts for one token from its router scores.
///
/// 1. `route(logits, out)`: logits (n_experts) holds raw scores and is overwritten with the router's probabilities
///    over all experts, each in [0, 1], with the sum 1; out (top_k) receives the choice, best expert first.
/// 2. The experts of a row are distinct; weights are >= 0 and, if `normalised()`, sum to 1.
/// 3. Ties go to the lower expert.
/// 4. const, thread-safe, does not allocate; the result of a row depends only on its scores.
///
/// Models: SoftmaxTopK, Switch, SigmoidTopK.
template <class G>
concept Gating = needs::top_k<G> && needs::route<G> && needs::normalised<G>;

/// A gating whose experts answer few rows of a pass while a model learns: capacity(rows) of them each, 0: no limit.
/// Choices beyond that, of later rows, are dropped; nobody is where a model answers. Not normalised(). Model: Switch.
template <class G>
concept Capped = Gating<G> && requires(const G& gating, std::size_t rows) {
  { gating.capacity(rows) } -> std::same_as<std::size_t>;
};

/// A gating whose choice heeds a bias of each expert, which each layer has beside its router: `bind(bias)` gives it
/// that of its layer, (n_experts), in memory of the device that routes. Models have one whose architecture has a weight
/// router_bias. Model: SigmoidTopK.
template <class G>
concept Biased = Gating<G> && requires(G& gating, View<const float> bias) {
  gating.bind(bias);
};

}  // namespace asterism::gating
