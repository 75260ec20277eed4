// The gating of Mixtral.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::gating {

/// Softmax over all experts in fp32, then the k most probable experts with their probabilities divided by their
/// sum.
/// Source: Jiang et al., Mixtral of Experts, arXiv 2401.04088, section 2.1.
class SoftmaxTopK {
 public:
  static constexpr bool normalised = true;

  /// 1 <= top_k <= experts; throws InvalidArgument otherwise.
  SoftmaxTopK(std::size_t experts, std::size_t top_k);

  std::size_t top_k() const { return top_k_; }

  /// Overwrites logits (n_experts) with probabilities and fills out (top_k) with the choice.
  void route(View<float> logits, View<Route> out) const;

 private:
  std::size_t top_k_;
};

}  // namespace asterism::gating

#if !defined(ASTERISM_COMPILED)
#include "asterism/gating/softmax_top_k_impl.hpp"
#endif
