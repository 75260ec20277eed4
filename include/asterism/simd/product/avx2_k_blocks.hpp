// Blocks of ggml's Q4_K and Q6_K with AVX2 and FMA.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/quant/ggml_k_blocks.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// The codes of blocks as bytes in order, 32 in each register, and the weights that they stand for, to the bit those
/// of the format's own `decode`.
struct Avx2KBlocks {
  /// Codes 64 k ... of a block of Q4_K, 0 to 15.
  ASTERISM_AVX2 static void codes(const std::uint8_t* block, int k, __m256i (&out)[2]) {
    const __m256i mask = _mm256_set1_epi8(15);
    const __m256i bytes = load(block + 16 + 32 * k);
    out[0] = _mm256_and_si256(bytes, mask);
    out[1] = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask);
  }

  /// Codes 128 half ... of a block of Q6_K, -32 to 31.
  ASTERISM_AVX2 static void codes(const std::uint8_t* block, int half, __m256i (&out)[4]) {
    const __m256i mask = _mm256_set1_epi8(15);
    const __m256i two_bits = _mm256_set1_epi8(48);
    const __m256i low[2] = {load(block + 64 * half), load(block + 64 * half + 32)};
    const __m256i high = load(block + 128 + 32 * half);
    const __m256i upper[4] = {_mm256_slli_epi16(high, 4), _mm256_slli_epi16(high, 2), high,
                              _mm256_srli_epi16(high, 2)};
    ASTERISM_UNROLL
    for (int quarter = 0; quarter < 4; ++quarter) {
      const __m256i bytes = quarter < 2 ? low[quarter % 2] : _mm256_srli_epi16(low[quarter % 2], 4);
      const __m256i code =
          _mm256_or_si256(_mm256_and_si256(bytes, mask), _mm256_and_si256(upper[quarter], two_bits));
      out[quarter] = _mm256_sub_epi8(code, _mm256_set1_epi8(32));
    }
  }

  ASTERISM_AVX2 static void decode(quant::Q4_K /*format*/, const std::uint8_t* block, float* out) {
    const float scale = quant::detail::half_at(block);
    const float minimum = quant::detail::half_at(block + 2);
    for (int k = 0; k < 4; ++k) {
      __m256i of_two[2];
      codes(block, k, of_two);
      ASTERISM_UNROLL
      for (int i = 0; i < 2; ++i, out += 32) {
        const int sub = 2 * k + i;
        const __m256 factor = _mm256_set1_ps(scale * static_cast<float>(quant::detail::k_scale(block + 4, sub)));
        const __m256 less = _mm256_set1_ps(minimum * static_cast<float>(quant::detail::k_minimum(block + 4, sub)));
        ASTERISM_UNROLL
        for (int j = 0; j < 4; ++j) {
          __m256 product = _mm256_mul_ps(eight(of_two[i], j), factor);
          __asm__("" : "+x"(product));  // it is rounded: compilers fuse it with the difference otherwise
          _mm256_storeu_ps(out + 8 * j, _mm256_sub_ps(product, less));
        }
      }
    }
  }

  ASTERISM_AVX2 static void decode(quant::Q6_K /*format*/, const std::uint8_t* block, float* out) {
    const float scale = quant::detail::half_at(block + 208);
    const auto* scales = reinterpret_cast<const std::int8_t*>(block + 192);
    for (int half = 0; half < 2; ++half) {
      __m256i of_four[4];
      codes(block, half, of_four);
      ASTERISM_UNROLL
      for (int i = 0; i < 4; ++i, out += 32, scales += 2) {
        ASTERISM_UNROLL
        for (int j = 0; j < 4; ++j) {
          const __m256 factor = _mm256_set1_ps(scale * static_cast<float>(scales[j / 2]));
          _mm256_storeu_ps(out + 8 * j, _mm256_mul_ps(eight(of_four[i], j), factor));
        }
      }
    }
  }

 private:
  ASTERISM_AVX2 static __m256i load(const std::uint8_t* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  }

  /// Bytes 8 j ... 8 j + 7, with their signs.
  ASTERISM_AVX2 static __m256 eight(__m256i bytes, int j) {
    const __m128i half = j < 2 ? _mm256_castsi256_si128(bytes) : _mm256_extracti128_si256(bytes, 1);
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(j % 2 == 0 ? half : _mm_srli_si128(half, 8)));
  }
};

}  // namespace asterism::simd

#endif
