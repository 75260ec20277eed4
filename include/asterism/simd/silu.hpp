// Gates: one row decides how much of another passes.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

/// out_i = silu(gate_i) * up_i with silu(z) = z / (1 + exp(-z)); all of one size; out may alias gate or up. The
/// relative error is below 2^-20; gates below -87 give zero. The bits of an element depend only on its values and
/// the level. Does not allocate; thread-safe. Source: Shazeer, GLU Variants Improve Transformer, arXiv 2002.05202.
void silu_multiply(View<const float> gate, View<const float> up, View<float> out, Level use = level());

/// out_i = sigmoid(gate_i) * x_i with sigmoid(z) = 1 / (1 + exp(-z)); all else as in silu_multiply.
void sigmoid_multiply(View<const float> gate, View<const float> x, View<float> out, Level use = level());

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/silu_impl.hpp"
#endif
