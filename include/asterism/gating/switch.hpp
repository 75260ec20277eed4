// The gating of the Switch Transformer.
#pragma once

#include <cstddef>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/gating/softmax_top_k.hpp"

namespace asterism::gating {

/// The most probable expert, weighted with its probability among all. Dropless: no expert has a capacity, every token
/// is answered. Source: Fedus et al., Switch Transformers, arXiv 2101.03961, section 2.1; transformers,
/// `SwitchTransformersTop1Router` without a capacity.
class Switch : public SoftmaxTopK {
 public:
  /// top_k is 1; throws InvalidArgument otherwise.
  Switch(std::size_t experts, std::size_t top_k) : SoftmaxTopK(experts, checked(top_k), {.normalised = false}) {}

 private:
  static std::size_t checked(std::size_t top_k) {
    if (top_k == 1) return top_k;
    throw InvalidArgument(concat("gating::Switch chooses one expert a token, the model wants ", top_k,
                                 ": SoftmaxTopK chooses several"));
  }
};

}  // namespace asterism::gating
