// The product of two vectors, for those who compare pair by pair.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/simd/fwd.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

/// (a, b, n) -> the sum of a[i] * b[i] for i < n, in float32.
using Dot = float (*)(const float* a, const float* b, std::size_t n);

/// The function of a level. Bits depend on n and the level; the error of rounding is at most n 2^-24 times the sum of
/// |a[i] * b[i]|. Neither checks, throws nor allocates; thread-safe. Query it once, outside of loops.
Dot dot(Level use = level());

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/dot_impl.hpp"
#endif
