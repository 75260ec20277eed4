// The gradient of a gate: what of a row's gradient goes to the gate and what to the row that it lets pass.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

/// From the gradient d of silu(gate) * up, element by element: gate becomes d up s (1 + gate (1 - s)) with
/// s = sigmoid(gate), and up becomes d silu(gate); all of one size. The error is below 2^-19 of the largest factor's
/// share; the bits of an element depend only on its values and the level. Does not allocate; thread-safe.
void silu_multiply_backward(View<const float> d, View<float> gate, View<float> up, Level use = level());

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/silu_backward_impl.hpp"
#endif
