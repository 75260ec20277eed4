// The gating of Mixtral.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::gating {

struct SoftmaxTopKOptions {
  bool normalised = true;  ///< the chosen experts' probabilities are divided by their sum
  float temperature = 1;   ///< > 0: scores are divided by it, so that above 1 experts become more alike
};

/// Softmax over all experts in fp32, then the k most probable experts with their probabilities. One pass over the
/// scores, whatever k.
/// Sources: Jiang et al., Mixtral of Experts, arXiv 2401.04088, section 2.1; transformers, `norm_topk_prob`.
class SoftmaxTopK {
 public:
  /// 1 <= top_k <= experts; throws InvalidArgument otherwise, and if the temperature is not above 0.
  SoftmaxTopK(std::size_t experts, std::size_t top_k, SoftmaxTopKOptions options = {});

  std::size_t top_k() const { return top_k_; }
  bool normalised() const { return options_.normalised; }
  float temperature() const { return options_.temperature; }

  /// Overwrites logits (n_experts) with probabilities and fills out (top_k) with the choice.
  void route(View<float> logits, View<Route> out) const;

  /// The gradient of scores; see train::TrainableGating.
  void backward(View<const float> scores, View<const float> probabilities, View<const Route> chosen,
                View<const float> dweights, View<const float> dprobabilities, View<float> dscores) const;

 private:
  std::size_t top_k_;
  SoftmaxTopKOptions options_;
};

}  // namespace asterism::gating

#if !defined(ASTERISM_COMPILED)
#include "asterism/gating/softmax_top_k_impl.hpp"
#endif
