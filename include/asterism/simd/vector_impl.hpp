// Bodies of vector.hpp.
#pragma once

#include "asterism/simd/attention/avx2_vector.hpp"
#include "asterism/simd/attention/avx512_vector.hpp"
#include "asterism/simd/attention/portable_vector.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::simd {

ASTERISM_INLINE float maximum(View<const float> x, Level use) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Vector::maximum(x);
  if (use == Level::avx2) return Avx2Vector::maximum(x);
#endif
  return PortableVector::maximum(x);
}

ASTERISM_INLINE float exponentials(View<float> x, float scale, float shift, Level use) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Vector::exponentials(x, scale, shift);
  if (use == Level::avx2) return Avx2Vector::exponentials(x, scale, shift);
#endif
  return PortableVector::exponentials(x, scale, shift);
}

ASTERISM_INLINE void add_scaled(float* y, float a, const float* x, std::size_t n, Level use) {
#if defined(__x86_64__)
  if (use != Level::portable) return Avx2Vector::add_scaled(y, a, x, n);
#endif
  PortableVector::add_scaled(y, a, x, n);
}

ASTERISM_INLINE void to_float16(const float* in, std::uint16_t* out, std::size_t n, Level use) {
#if defined(__x86_64__)
  if (use != Level::portable) return Avx2Vector::to_float16(in, out, n);
#endif
  PortableVector::to_float16(in, out, n);
}

}  // namespace asterism::simd
