// The contract of a gating policy that learns.
#pragma once

#include <concepts>

#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::train {

namespace needs {

template <class G>
concept gating_backward = requires(const G& gating, View<const float> x, View<const gating::Route> chosen,
                                   View<float> dscores) {
  { gating.backward(x, x, chosen, x, x, dscores) } -> std::same_as<void>;
};

}  // namespace needs

/// A gating policy that learns: `backward(scores, probabilities, chosen, dweights, dprobabilities, dscores)` gets the
/// scores (n_experts) that `route` was given, the probabilities (n_experts) and the choice (top_k) that it left, the
/// gradient of the choice's weights (top_k) and that of the probabilities by what else was made of them (n_experts, or
/// empty: none), and overwrites dscores (n_experts). What was not chosen gets no gradient through weights but by a
/// normalisation over all experts; a choice that was dropped (gating::dropped) has none. const, thread-safe,
/// allocates nothing.
///
/// Laws: tests/laws/trainable_gating_laws.hpp. Models: SoftmaxTopK, Switch, SigmoidTopK.
template <class G>
concept TrainableGating = gating::Gating<G> && needs::gating_backward<G>;

}  // namespace asterism::train
