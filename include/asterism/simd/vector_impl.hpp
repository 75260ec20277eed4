// Bodies of vector.hpp.
#pragma once

#include "asterism/simd/attention/kernels.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::simd {

ASTERISM_INLINE float maximum(View<const float> x, Level use) {
  return VectorKernels::run(use, [&](auto kernels) { return kernels.maximum(x); });
}

ASTERISM_INLINE float exponentials(View<float> x, float scale, float shift, Level use) {
  return VectorKernels::run(use, [&](auto kernels) { return kernels.exponentials(x, scale, shift); });
}

ASTERISM_INLINE void add_scaled(float* y, float a, const float* x, std::size_t n, Level use) {
  RowKernels::run(use, [&](auto kernels) { kernels.add_scaled(y, a, x, n); });
}

ASTERISM_INLINE void to_float16(const float* in, std::uint16_t* out, std::size_t n, Level use) {
  RowKernels::run(use, [&](auto kernels) { kernels.to_float16(in, out, n); });
}

}  // namespace asterism::simd
