// The activation of gated feed-forward blocks.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

/// out_i = silu(gate_i) * up_i with silu(z) = z / (1 + exp(-z)); one size; out may be gate or up. The relative error is
/// below 2^-20; gates below -87 give zero. The bits of an element depend on its values and the level alone. Allocates
/// nothing; thread-safe. Source: Shazeer, GLU Variants Improve Transformer, arXiv 2002.05202.
void silu_multiply(View<const float> gate, View<const float> up, View<float> out, Level use = level());

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/silu_impl.hpp"
#endif
