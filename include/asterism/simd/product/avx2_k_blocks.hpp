// Blocks of ggml's Q4_K, Q5_K and Q6_K with AVX2 and FMA.
#pragma once

#if defined(__x86_64__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/quant/ggml_k_blocks.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// The codes of blocks as bytes in order, 32 in each register, and the weights that they stand for, to the bit those
/// of the format's own `decode`.
struct Avx2KBlocks {
  /// All codes of a block of Q4_K or Q5_K, from 0 on.
  template <class Q>
  ASTERISM_AVX2 static void codes(Q /*format*/, const std::uint8_t* block, __m256i (&out)[8]) {
    constexpr bool fifth_bits = std::same_as<Q, quant::Q5_K>;
    const __m256i mask = _mm256_set1_epi8(15);
    const __m256i fifth = _mm256_set1_epi8(16);
    const std::uint8_t* nibbles = block + (fifth_bits ? 48 : 16);
    const __m256i high = fifth_bits ? load(block + 16) : _mm256_setzero_si256();
    ASTERISM_UNROLL
    for (int k = 0; k < 4; ++k) {
      const __m256i bytes = load(nibbles + 32 * k);
      out[2 * k] = _mm256_and_si256(bytes, mask);
      out[2 * k + 1] = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask);
      if constexpr (fifth_bits) {  // bit c of each byte is that of cell c
        const __m256i first = k < 2 ? _mm256_slli_epi16(high, 4 - 2 * k) : _mm256_srli_epi16(high, 2 * k - 4);
        const __m256i second = k < 2 ? _mm256_slli_epi16(high, 3 - 2 * k) : _mm256_srli_epi16(high, 2 * k - 3);
        out[2 * k] = _mm256_or_si256(out[2 * k], _mm256_and_si256(first, fifth));
        out[2 * k + 1] = _mm256_or_si256(out[2 * k + 1], _mm256_and_si256(second, fifth));
      }
    }
  }

  /// All codes of a block of Q6_K, -32 to 31.
  ASTERISM_AVX2 static void codes(quant::Q6_K /*format*/, const std::uint8_t* block, __m256i (&out)[8]) {
    const __m256i mask = _mm256_set1_epi8(15);
    const __m256i two_bits = _mm256_set1_epi8(48);
    ASTERISM_UNROLL
    for (int half = 0; half < 2; ++half) {
      const __m256i low[2] = {load(block + 64 * half), load(block + 64 * half + 32)};
      const __m256i high = load(block + 128 + 32 * half);
      const __m256i upper[4] = {_mm256_slli_epi16(high, 4), _mm256_slli_epi16(high, 2), high,
                                _mm256_srli_epi16(high, 2)};
      ASTERISM_UNROLL
      for (int quarter = 0; quarter < 4; ++quarter) {
        const __m256i bytes = quarter < 2 ? low[quarter % 2] : _mm256_srli_epi16(low[quarter % 2], 4);
        const __m256i code =
            _mm256_or_si256(_mm256_and_si256(bytes, mask), _mm256_and_si256(upper[quarter], two_bits));
        out[4 * half + quarter] = _mm256_sub_epi8(code, _mm256_set1_epi8(32));
      }
    }
  }

  /// Eight bytes as floats.
  ASTERISM_AVX2 static __m256 floats(std::uint64_t bytes) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(bytes))));
  }

  /// Of Q4_K and Q5_K.
  template <class Q>
  ASTERISM_AVX2 static void decode(Q format, const std::uint8_t* block, float* out) {
    const quant::detail::KScales all(block + 4);
    alignas(32) float factors[8];
    alignas(32) float less[8];
    _mm256_store_ps(factors, _mm256_mul_ps(_mm256_set1_ps(quant::detail::half_at(block)), floats(all.scales)));
    _mm256_store_ps(less, _mm256_mul_ps(_mm256_set1_ps(quant::detail::half_at(block + 2)), floats(all.minima)));
    __m256i cells[8];
    codes(format, block, cells);
    ASTERISM_UNROLL
    for (int c = 0; c < 8; ++c, out += 32) {
      ASTERISM_UNROLL
      for (int j = 0; j < 4; ++j) {
        __m256 product = _mm256_mul_ps(eight(cells[c], j), _mm256_set1_ps(factors[c]));
        __asm__("" : "+x"(product));  // it is rounded: compilers fuse it with the difference otherwise
        _mm256_storeu_ps(out + 8 * j, _mm256_sub_ps(product, _mm256_set1_ps(less[c])));
      }
    }
  }

  ASTERISM_AVX2 static void decode(quant::Q6_K format, const std::uint8_t* block, float* out) {
    const float scale = quant::detail::half_at(block + 208);
    const auto* scales = reinterpret_cast<const std::int8_t*>(block + 192);
    __m256i cells[8];
    codes(format, block, cells);
    ASTERISM_UNROLL
    for (int c = 0; c < 8; ++c, out += 32, scales += 2) {
      ASTERISM_UNROLL
      for (int j = 0; j < 4; ++j) {
        const std::int8_t of_half = scales[j < 2 ? 0 : 1];
        const __m256 factor = _mm256_set1_ps(scale * static_cast<float>(of_half));
        _mm256_storeu_ps(out + 8 * j, _mm256_mul_ps(eight(cells[c], j), factor));
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
