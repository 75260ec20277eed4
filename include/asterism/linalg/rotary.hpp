// Rotary position embedding.
#pragma once

#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/linalg/rope.hpp"

namespace asterism::linalg {

/// Fills `table` with the cosines, then the sines, of a position's angles; `table` has d elements, d even.
/// Source: Su et al., RoFormer, arXiv 2104.09864.
void rotary_table(std::int32_t position, const Rope& rope, View<float> table);

/// Rotates each pair (x_i, x_{i + d/2}) of one head by the angle of its table, in place ("rotate half").
void rotate_half(View<float> head, View<const float> table);

}  // namespace asterism::linalg

#if !defined(ASTERISM_COMPILED)
#include "asterism/linalg/rotary_impl.hpp"
#endif
