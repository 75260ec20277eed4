// How many operations on 8-bit integers this machine makes a second: the limit beside which prefill stands.
#pragma once

#include <cstddef>
#include <cstdint>

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
__attribute__((target("avx512f,avx512vnni"), noinline)) inline std::int32_t vnni_loop(std::size_t steps) {
  __m512i sums[12] = {};
  const __m512i weights = _mm512_set1_epi32(0x01020304);
  for (std::size_t i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) {
      sums[k] = _mm512_dpbusd_epi32(sums[k], weights, weights);
      __asm__("" : "+v"(sums[k]));  // for all the compiler knows, no two sums are alike
    }
  }
#pragma GCC unroll 12
  for (int k = 1; k < 12; ++k) sums[0] = _mm512_add_epi32(sums[0], sums[k]);
  // Not by a cast to 128 bits: g++ 12 finds uninitialised values in its own header for that.
  alignas(64) std::int32_t lanes[16];
  _mm512_store_si512(lanes, sums[0]);
  return lanes[0];
}

__attribute__((target("avx2"), noinline)) inline std::int32_t avx2_loop(std::size_t steps) {
  __m256i sums[8] = {};
  __m256i weights = _mm256_set1_epi32(0x01020304);
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::size_t i = 0; i < steps; ++i) {
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) {
      __asm__("" : "+x"(weights));  // for all the compiler knows, no two products are alike
      const __m256i pairs = _mm256_maddubs_epi16(weights, weights);
      sums[k] = _mm256_add_epi32(sums[k], _mm256_madd_epi16(pairs, ones));
    }
  }
#pragma GCC unroll 8
  for (int k = 1; k < 8; ++k) sums[0] = _mm256_add_epi32(sums[0], sums[k]);
  return _mm_cvtsi128_si32(_mm256_castsi256_si128(sums[0]));
}

/// By its mnemonic: g++ 12 and clang 14 know the instruction's 256-bit form only with flags of their own.
__attribute__((target("avx2"), noinline)) inline std::int32_t avxvnni_loop(std::size_t steps) {
  __m256i sums[12] = {};
  const __m256i weights = _mm256_set1_epi32(0x01020304);
  for (std::size_t i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (int k = 0; k < 12; ++k) __asm__("%{vex%} vpdpbusd %1, %1, %0" : "+x"(sums[k]) : "x"(weights));
  }
#pragma GCC unroll 12
  for (int k = 1; k < 12; ++k) sums[0] = _mm256_add_epi32(sums[0], sums[k]);
  return _mm_cvtsi128_si32(_mm256_castsi256_si128(sums[0]));
}

#endif

}  // namespace detail

/// Multiplications and additions of 8-bit integers a second on all threads of `execution`, with the instructions of
/// `level`: dot products of four (AVX-512 VNNI, AVX-VNNI), or products of pairs and their sums (AVX2). AMX counts as
/// AVX-512: what is a share of this peak can be above 1 there. The best of several loops in registers, about 0.2 s; 0
/// where the level has no such instruction.
template <parallel::Execution Execution>
double integer_peak([[maybe_unused]] Execution& execution, [[maybe_unused]] simd::Level level) {
#if defined(__x86_64__)
  using simd::Level;
  if (contains(level, Level::avx512)) return best_rate(execution, 5, 2'000'000, 12 * 128, detail::vnni_loop);
  if (contains(level, Level::avxvnni)) return best_rate(execution, 5, 2'000'000, 12 * 64, detail::avxvnni_loop);
  if (contains(level, Level::avx2)) return best_rate(execution, 5, 2'000'000, 8 * 64, detail::avx2_loop);
#endif
  return 0;
}

}  // namespace asterism::machines
