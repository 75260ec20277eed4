// The contract of an observer: notifications from a running model.
#pragma once

#include <concepts>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"

namespace asterism::observe {

namespace needs {

template <class O>
concept begin = std::default_initializable<O> && requires(O& observer, std::int32_t n) {
  observer.begin(n, n, n);
};

template <class O>
concept scored = requires(O& observer, std::int32_t n, View<const float> probabilities) {
  observer.scored(n, n, probabilities);
};

template <class O>
concept routed = requires(O& observer, std::int32_t n, float weight) {
  observer.routed(n, n, n, weight);
};

template <class O>
concept moved = requires(O& observer, std::int32_t device, Bytes bytes) {
  observer.moved(device, device, bytes);
};

}  // namespace needs

/// An observer is notified of what a run does; it never affects results. Calls come from the thread that runs the
/// model.
///
/// 1. Default-constructed; `begin(layers, experts, top_k)` is called once, before all other calls, with the sizes
///    of what follows. Only layers with experts count: dense ones have no number.
/// 2. `scored(layer, position, probabilities)`: the router's probabilities of all experts for the token at the
///    absolute position; called just before the token's `routed` calls in this layer, and valid until the last of
///    them.
/// 3. `routed(layer, position, expert, weight)`: the layer sends that token to `expert`; called once for each
///    chosen expert, best first.
/// 4. `moved(from, to, bytes)`: that many bytes of hidden state were copied from one device to another.
///
/// A pass reports layer by layer, and within a layer positions in ascending order. A cancelled pass reports some
/// layers, and is run again.
///
/// Models: None, Counts, Balance, Trace, FullTrace.
template <class O>
concept Observer = needs::begin<O> && needs::scored<O> && needs::routed<O> && needs::moved<O>;

/// An observer that wants to know of guesses too: `guessed(layer, position, probabilities)` is called just before
/// `scored` with what the router of the next layer that has experts says of the token's hidden state in this one, of
/// all experts. Only runs tell it whose prefetcher asks that router (prefetch::AsksNextRouter), and of no layer behind
/// which the next one is on another device.
template <class O>
concept HearsGuesses = Observer<O> && requires(O& observer, std::int32_t n, View<const float> probabilities) {
  observer.guessed(n, n, probabilities);
};

}  // namespace asterism::observe
