// The contract of a state: what layers with linear attention remember of a sequence.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/attention/fwd.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

namespace needs {

template <class S>
concept state_layer_bytes = requires(const Shape& shape) {
  { S::layer_bytes(shape) } -> std::same_as<Bytes>;
};

template <class S, class Device>
concept state_construct = std::constructible_from<S, Device&, const Shape&, std::int32_t, std::int32_t>;

template <class S>
concept before = requires(const S& state, std::int32_t layer) {
  state.before(layer).convolution;
  state.before(layer).memory;
};

template <class S>
concept after = requires(const S& state, std::int32_t layer) {
  state.after(layer).convolution;
  state.after(layer).memory;
};

template <class S>
concept advance = requires(S& state, std::size_t position) {
  state.advance(position);
};

template <class S>
concept keep = requires(S& state) {
  state.keep();
};

template <class S>
concept keep_longest = requires(S& state) {
  state.keep_longest();
};

template <class S, class Device>
concept state_trim = requires(S& state, Device& device, std::size_t length) {
  { state.trim(device, length) } -> std::same_as<std::size_t>;
};

}  // namespace needs

/// A state remembers a sequence in a fixed size, for consecutive layers of one device, counted among those with linear
/// attention; and earlier positions, to go back to.
///
/// 1. `layer_bytes(shape)`, static and constexpr, is the size of one layer, all that is kept included. The constructor
///    takes (device, shape, first_layer, layers), draws `layers` times that size for the holder "state", and is at
///    position 0, where all is zero.
/// 2. `before(layer)` and `after(layer)`: what a pass reads and writes of a layer, each with the DeviceMatrix<float>
///    `convolution` (kernel - 1, channels) and `memory` (value_heads * key_width, value_width). What is written counts
///    from `advance(position)` on: a pass that was broken off or is made again leaves no trace.
/// 3. `keep()` and `keep_longest()` say that the present position may be gone back to; the latter outlives others.
///    `trim(device, length)` goes back to the greatest position up to `length` of which the state is known, at least 0,
///    and returns it. Positions beyond it are forgotten.
/// 4. Nothing is allocated after construction. One session at a time.
///
/// Laws: tests/laws/state_laws.hpp. Models: RecurrentState.
template <class S>
concept State = needs::state_layer_bytes<S> && needs::before<S> && needs::after<S> && needs::advance<S> &&
    needs::keep<S> && needs::keep_longest<S>;

/// A state on a device of the given backend.
template <class S, class Device>
concept StateOn = State<S> && needs::state_construct<S, Device> && needs::state_trim<S, Device>;

}  // namespace asterism::attention
