// How many operations on float32 this machine makes a second: the limit beside which attention of many rows stands.
#pragma once

#include <cstddef>

#include "asterism/machine/best_rate.hpp"
#include "asterism/parallel/concept.hpp"
#include "asterism/simd/level.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace asterism::machines {

namespace detail {

#if defined(__x86_64__)

/// 12 independent sums, so that none waits for itself.
__attribute__((target("avx512f"), noinline)) inline float avx512_float_loop(std::size_t steps) {
  __m512 sums[12] = {};
  const __m512 factor = _mm512_set1_ps(0.5F);
  for (std::size_t i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) {
      sums[k] = _mm512_fmadd_ps(sums[k], factor, factor);
      __asm__("" : "+v"(sums[k]));  // for all the compiler knows, no two sums are alike
    }
  }
#pragma GCC unroll 12
  for (int k = 1; k < 12; ++k) sums[0] = _mm512_add_ps(sums[0], sums[k]);
  return _mm512_cvtss_f32(sums[0]);
}

__attribute__((target("avx2,fma"), noinline)) inline float avx2_float_loop(std::size_t steps) {
  __m256 sums[12] = {};
  const __m256 factor = _mm256_set1_ps(0.5F);
  for (std::size_t i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) {
      sums[k] = _mm256_fmadd_ps(sums[k], factor, factor);
      __asm__("" : "+x"(sums[k]));
    }
  }
#pragma GCC unroll 12
  for (int k = 1; k < 12; ++k) sums[0] = _mm256_add_ps(sums[0], sums[k]);
  return _mm256_cvtss_f32(sums[0]);
}

#endif

}  // namespace detail

/// Multiplications and additions of float32 a second on all threads of `execution`, with the fused instructions of
/// `level`; the best of several loops in registers. 0 for Level::portable.
template <parallel::Execution Execution>
double float_peak([[maybe_unused]] Execution& execution, [[maybe_unused]] simd::Level level = simd::level()) {
#if defined(__x86_64__)
  using simd::Level;
  if (contains(level, Level::avx512))
    return best_rate(execution, 30, 200'000, 12 * 2 * 16, detail::avx512_float_loop);
  if (contains(level, Level::avx2)) return best_rate(execution, 30, 200'000, 12 * 2 * 8, detail::avx2_float_loop);
#endif
  return 0;
}

}  // namespace asterism::machines
