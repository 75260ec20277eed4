// The choice that a layer of a pre-gated model makes for the layer behind it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/next_guess.hpp"
#include "asterism/prefetch/rank.hpp"

namespace asterism::prefetch {

/// Predicts the choice that the model has made for the next layer (`Routing::next_used`), each of its members with the
/// same share: exact for a pre-gated model. Knows nothing where no choice was handed to it. Source: Hwang et al.,
/// Pre-gated MoE: An Algorithm-System Co-Design for Fast and Scalable Mixture-of-Expert Inference, ISCA 2024, arXiv
/// 2308.12066.
class PreGated {
 public:
  static constexpr bool keeps_sequences_apart = true;

  /// Throws InvalidArgument if a number of the extent is below 1.
  explicit PreGated(const Extent& extent) : guess_(extent) {}

  void observe(const Routing& routing) { guess_.observe(routing, {}, routing.next_used); }
  std::size_t predict(std::int32_t group, View<Prediction> out) { return rank(group, shares(group), out); }
  /// All that is predicted: (members), or empty. Valid until the next call.
  View<const float> shares(std::int32_t group) { return guess_.shares(group); }

 private:
  NextGuess guess_;
};

}  // namespace asterism::prefetch
