// Numbers to and from the types that they are stored in: rounded when they are written, exact when they are read.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/float_storage.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

// `stored` has room for as many numbers as `values`, aligned to one. Narrower types take the nearest number, ties to
// even; what is beyond their range becomes infinite, NaN stays NaN. The bits of a number are the same on every level,
// but for the payload of a float16 NaN. Nothing here allocates; thread-safe. Query the level once, outside of loops.

/// Writes the values.
void store_floats(View<const float> values, quant::FloatStorage storage, std::byte* stored, Level use = level());

/// Reads them.
void load_floats(const std::byte* stored, quant::FloatStorage storage, View<float> values, Level use = level());

/// Adds the values to those that are stored: sums in float32, which are rounded once.
void add_to_stored(View<const float> values, quant::FloatStorage storage, std::byte* stored, Level use = level());

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/stored_floats_impl.hpp"
#endif
