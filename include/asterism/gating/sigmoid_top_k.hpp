// Gating by sigmoids, with a bias that keeps the load of experts even without a loss.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::gating {

struct SigmoidTopKOptions {
  bool normalised = true;  ///< the chosen experts' affinities are divided by their sum
};

/// The affinity of an expert is the sigmoid s of its score. Chosen are the top_k experts with the largest s + b, b
/// being the layer's bias; they weigh s, without the bias, divided by the sum over the chosen. Probabilities are s
/// divided by the sum over all experts. While a model learns, the bias of an expert that gets less than its share
/// rises, and falls otherwise: train::Losses::bias. Before `bind` there is no bias. A weight's share of a sum is
/// computed from logarithms of s, so that scores far below 0 keep theirs. Source: Wang et al., Auxiliary-Loss-Free Load
/// Balancing Strategy for Mixture-of-Experts, arXiv 2408.15664, section 3.
class SigmoidTopK {
 public:
  /// 1 <= top_k <= experts; throws InvalidArgument otherwise.
  SigmoidTopK(std::size_t experts, std::size_t top_k, SigmoidTopKOptions options = {});

  /// `bias` (n_experts) is added to affinities where experts are chosen; it is read in each call and outlives them.
  void bind(View<const float> bias) { bias_ = bias; }

  std::size_t top_k() const { return top_k_; }
  bool normalised() const { return options_.normalised; }

  /// Overwrites scores (n_experts) with probabilities and fills out (top_k) with the choice.
  void route(View<float> scores, View<Route> out) const;

  /// The gradient of scores; see train::TrainableGating. The bias has none.
  void backward(View<const float> scores, View<const float> probabilities, View<const Route> chosen,
                View<const float> dweights, View<const float> dprobabilities, View<float> dscores) const;

 private:
  std::size_t top_k_;
  SigmoidTopKOptions options_;
  View<const float> bias_{};
};

}  // namespace asterism::gating

#if !defined(ASTERISM_COMPILED)
#include "asterism/gating/sigmoid_top_k_impl.hpp"
#endif
