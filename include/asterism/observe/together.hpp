// Several observers of one sequence.
#pragma once

#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/observe/concept.hpp"

namespace asterism::observe {

/// Tells each of `Observers`, in their order, what it hears; their own members are its members too. Guesses
/// (HearsGuesses) are not passed on.
template <Observer... Observers>
class Together : public Observers... {
 public:
  void begin(std::int32_t layers, std::int32_t experts, std::int32_t top_k) {
    (Observers::begin(layers, experts, top_k), ...);
  }
  void scored(std::int32_t layer, std::int32_t position, View<const float> probabilities) {
    (Observers::scored(layer, position, probabilities), ...);
  }
  void routed(std::int32_t layer, std::int32_t position, std::int32_t expert, float weight) {
    (Observers::routed(layer, position, expert, weight), ...);
  }
  using Observers::moved...;  // Counts tells by that name how much it was
  void moved(std::int32_t from, std::int32_t to, Bytes bytes) { (Observers::moved(from, to, bytes), ...); }
};

}  // namespace asterism::observe
