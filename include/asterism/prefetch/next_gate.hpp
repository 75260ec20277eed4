// The next layer's router, asked early.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/next_guess.hpp"
#include "asterism/prefetch/rank.hpp"

namespace asterism::prefetch {

/// Predicts what the next layer's router says of this layer's hidden state (`Routing::next`), divided by its sum: the
/// residual stream changes little from layer to layer. Knows nothing where no guess was handed to it. What is guessed
/// in the last group counts for the first group of the next pass. Source: Eliseev and Mazur, Fast Inference of
/// Mixture-of-Experts Language Models with Offloading, arXiv 2312.17238, section 3.2.
class NextGate {
 public:
  static constexpr bool keeps_sequences_apart = true;
  static constexpr bool asks_next_router = true;

  /// Throws InvalidArgument if a number of the extent is below 1.
  explicit NextGate(const Extent& extent) : guess_(extent) {}

  void observe(const Routing& routing) { guess_.observe(routing, routing.next, {}); }
  std::size_t predict(std::int32_t group, View<Prediction> out) { return rank(group, shares(group), out); }
  /// All that is predicted: (members), or empty. Valid until the next call.
  View<const float> shares(std::int32_t group) { return guess_.shares(group); }

 private:
  NextGuess guess_;
};

}  // namespace asterism::prefetch
