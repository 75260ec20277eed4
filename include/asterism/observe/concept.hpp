// The contract of an observer: what a run tells while it happens.
#pragma once

#include <concepts>
#include <cstdint>

#include "asterism/core/bytes.hpp"

namespace asterism::observe {

namespace needs {

template <class O>
concept routed = requires(O& observer, std::int32_t n, float weight) {
  observer.routed(n, n, n, weight);
};

template <class O>
concept moved = requires(O& observer, std::int32_t device, Bytes bytes) {
  observer.moved(device, device, bytes);
};

}  // namespace needs

/// An observer hears what a run does; results never depend on it. Calls come from the thread that runs the model.
///
/// 1. `routed(layer, position, expert, weight)`: at absolute position `position` the layer sends the token to
///    `expert`; called once for each chosen expert, best first.
/// 2. `moved(from, to, bytes)`: that many bytes of hidden state went from one device to another.
///
/// Models: None, Counts.
template <class O>
concept Observer = needs::routed<O> && needs::moved<O>;

}  // namespace asterism::observe
