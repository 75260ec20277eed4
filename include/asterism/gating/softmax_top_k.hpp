// The gating of Mixtral.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/linalg/softmax.hpp"

namespace asterism::gating {

/// Softmax over all experts in fp32, the k most probable of them, their probabilities divided by their sum.
/// Source: Jiang et al., Mixtral of Experts, arXiv 2401.04088, section 2.1.
class SoftmaxTopK {
 public:
  static constexpr bool normalised = true;

  /// 1 <= top_k <= experts; throws InvalidArgument otherwise.
  SoftmaxTopK(std::size_t experts, std::size_t top_k) : top_k_(top_k) {
    if (top_k < 1 || top_k > experts) {
      throw InvalidArgument(concat("a router can't choose ", top_k, " of ", experts, " experts"));
    }
  }

  std::size_t top_k() const { return top_k_; }

  /// logits (n_experts) become probabilities; out (top_k) the choice.
  void route(View<float> logits, View<Route> out) const {
    linalg::softmax(logits);
    float total = 0;
    for (std::size_t k = 0; k < top_k_; ++k) {
      std::int32_t best = -1;
      for (std::size_t e = 0; e < logits.size; ++e) {
        const auto expert = static_cast<std::int32_t>(e);
        if (!chosen(out, k, expert) && (best < 0 || logits[e] > logits[static_cast<std::size_t>(best)]))
          best = expert;
      }
      out[k] = {.expert = best, .weight = logits[static_cast<std::size_t>(best)]};
      total += out[k].weight;
    }
    for (Route& route : out) route.weight /= total;
  }

 private:
  static bool chosen(View<const Route> out, std::size_t count, std::int32_t expert) {
    for (std::size_t i = 0; i < count; ++i) {
      if (out[i].expert == expert) return true;
    }
    return false;
  }

  std::size_t top_k_;
};

}  // namespace asterism::gating
