// Quantizes a row of floats to 8-bit integers, for processors with AVX2.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/quantize_row.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// See PortableQuantize.
struct Avx2Quantize {
  ASTERISM_AVX2 static void quantize(const float* x, const Rows8& to, std::size_t row, std::size_t first,
                                     std::size_t count) {
    const std::size_t last = first + count;
    for (std::size_t begin = first; begin < last; begin += to.order.group) {
      const std::size_t end = begin + to.order.group < last ? begin + to.order.group : last;
      __m256i largest = _mm256_setzero_si256();
      for (std::size_t c = begin; c < end; c += 8) {
        const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + c));
        largest = _mm256_max_epu32(largest, _mm256_and_si256(bits, _mm256_set1_epi32(0x7FFFFFFF)));
      }
      const GroupScale scale(max_lane(largest));
      to.scales[row * to.groups() + begin / to.order.group] = scale.scale;
      for (std::size_t c = begin; c < end; c += to.order.cell) {
        __m256i sum = _mm256_setzero_si256();
        for (std::size_t i = c; i < c + to.order.cell; i += Rows8::unit) {
          sum = _mm256_add_epi32(
              sum, quantize_unit(x + i, scale.factor, to.order.paired, to.codes + row * to.cols + i));
        }
        const std::int32_t total = sum_lanes(sum);
        const std::size_t cell = row * to.cells() + c / to.order.cell;
        to.biases[cell] = -128 * total;
        to.sums[cell] = static_cast<float>(total);
      }
    }
  }

 private:
  /// 32 codes; their sum is that of the result's lanes.
  ASTERISM_AVX2 static __m256i quantize_unit(const float* x, float factor, bool paired, std::int8_t* codes) {
    __m256i integers[4];
    __m256i sum = _mm256_setzero_si256();
    ASTERISM_UNROLL
    for (int k = 0; k < 4; ++k) {
      const __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(x + 8 * k), _mm256_set1_ps(factor));
      integers[k] = factor == 0 ? _mm256_setzero_si256() : _mm256_cvtps_epi32(scaled);
      sum = _mm256_add_epi32(sum, integers[k]);
    }
    // Packing works on halves: columns 0-3 8-11 16-19 24-27, then 4-7 12-15 20-23 28-31.
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(integers[0], integers[1]),
                                             _mm256_packs_epi32(integers[2], integers[3]));
    const __m256i in_order = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    const __m256i pairs = _mm256_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15,  //
                                           0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes),
                        paired ? _mm256_shuffle_epi8(in_order, pairs) : in_order);
    return sum;
  }

  ASTERISM_AVX2 static std::uint32_t max_lane(__m256i v) {
    __m128i half = _mm_max_epu32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    half = _mm_max_epu32(half, _mm_shuffle_epi32(half, 0x4E));
    half = _mm_max_epu32(half, _mm_shuffle_epi32(half, 0xB1));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(half));
  }
  ASTERISM_AVX2 static std::int32_t sum_lanes(__m256i v) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
    return _mm_cvtsi128_si32(half);
  }
};

}  // namespace asterism::simd

#endif
