// Unpacking of stored weights with AVX2, FMA and F16C: the first half of the kernels of Level::avx2.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/simd/portable.hpp"
#include "asterism/simd/tile.hpp"

#define ASTERISM_AVX2 __attribute__((target("avx2,fma,f16c")))
#if defined(__clang__)
#define ASTERISM_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ASTERISM_UNROLL _Pragma("GCC unroll 16")
#endif

namespace asterism::simd {

/// What Avx2 unpacks with. Every value is the one that the format's own `decode` gives, to the bit.
struct Avx2Unpack {
  /// A tile of any format: with its own `decode`, unless there is a kernel for it below.
  template <quant::Quantization Q>
  static void unpack(quant::Packed<Q> weights, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                     std::size_t cols, float* out) {
    Portable::unpack(weights, o, outputs, c, cols, out);
  }

  ASTERISM_AVX2 static void unpack(quant::Packed<quant::BFloat16> weights, std::uint64_t o, std::size_t outputs,
                                   std::uint64_t c, std::size_t cols, float* out) {
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      const std::uint64_t first = (o + i) * weights.cols + c;
      const std::byte* in = weights.data + first * 2;
      std::size_t k = 0;
      for (; k + 32 <= cols; k += 32) {
        prefetch(in + k * 2);
        ASTERISM_UNROLL
        for (std::size_t j = k; j < k + 32; j += 8) {
          const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + j * 2));
          const __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16);
          _mm256_storeu_ps(out + j, _mm256_castsi256_ps(wide));
        }
      }
      if (k < cols) quant::BFloat16::decode(weights, first + k, View<float>(out + k, cols - k));
    }
  }

  ASTERISM_AVX2 static void unpack(quant::Packed<quant::Float16> weights, std::uint64_t o, std::size_t outputs,
                                   std::uint64_t c, std::size_t cols, float* out) {
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      const std::uint64_t first = (o + i) * weights.cols + c;
      const std::byte* in = weights.data + first * 2;
      std::size_t k = 0;
      for (; k + 32 <= cols; k += 32) {
        prefetch(in + k * 2);
        ASTERISM_UNROLL
        for (std::size_t j = k; j < k + 32; j += 8) {
          const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + j * 2));
          _mm256_storeu_ps(out + j, _mm256_cvtph_ps(bits));
        }
      }
      if (k < cols) quant::Float16::decode(weights, first + k, View<float>(out + k, cols - k));
    }
  }

  /// 64 codes at a time where a row's piece starts at a multiple of 64, so that they are whole blocks or parts of
  /// one (two of them for blocks of 32); else element by element.
  template <int Block, class Scales, class Choice>
  ASTERISM_AVX2 static void unpack(quant::Packed<quant::Nf4<Block, Scales, Choice>> weights, std::uint64_t o,
                                   std::size_t outputs, std::uint64_t c, std::size_t cols, float* out) {
    const auto scale_of = quant::Nf4<Block, Scales, Choice>::scales(weights);
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      const std::uint64_t first = (o + i) * weights.cols + c;
      std::size_t k = 0;
      if (first % 64 == 0) {
        const std::byte* in = weights.data + first / 2;
        for (; k + 64 <= cols; k += 64) {
          prefetch(in + k / 2);
          const float scale = scale_of((first + k) / Block);
          const float second_scale = Block >= 64 ? scale : scale_of((first + k + 32) / Block);
          unpack_nf4(in + k / 2, scale, second_scale, out + k);
        }
      }
      if (k < cols) {
        quant::Nf4<Block, Scales, Choice>::decode(weights, first + k, View<float>(out + k, cols - k));
      }
    }
  }

 protected:
  struct FourVectors {
    __m256 values[4];
  };

  /// 64 codes (32 bytes) as bytes: columns 0 ... 31 in the first register, 32 ... 63 in the second; in each of
  /// them columns 8j ... 8j + 3 in the lower half and 8j + 4 ... 8j + 7 in the upper one, because `lookup` zips
  /// halves.
  ASTERISM_AVX2 static void split_codes(const std::byte* in, __m256i& first, __m256i& second) {
    const __m256i every_other_pair = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15,  //
                                                      0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
    const __m256i low_bits = _mm256_set1_epi8(15);
    __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
    bytes = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(bytes, every_other_pair), 0xD8);
    const __m256i even = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_bits);
    const __m256i odd = _mm256_and_si256(bytes, low_bits);
    first = _mm256_unpacklo_epi8(even, odd);
    second = _mm256_unpackhi_epi8(even, odd);
  }

  /// 32 codes of `split_codes` to 32 weights in order. Looks the four bytes of the table's values up one by one
  /// (`pshufb` has sixteen entries, `vpermps` only eight) and zips them together: 3.9 shuffles for 8 weights, on
  /// two ports of most processors.
  ASTERISM_AVX2 static FourVectors lookup(__m256i codes, float scale) {
    const __m256i byte0 = _mm256_shuffle_epi8(table_byte(0), codes);
    const __m256i byte1 = _mm256_shuffle_epi8(table_byte(1), codes);
    const __m256i byte2 = _mm256_shuffle_epi8(table_byte(2), codes);
    const __m256i byte3 = _mm256_shuffle_epi8(table_byte(3), codes);
    const __m256i lower0 = _mm256_unpacklo_epi8(byte0, byte1);
    const __m256i lower1 = _mm256_unpackhi_epi8(byte0, byte1);
    const __m256i upper0 = _mm256_unpacklo_epi8(byte2, byte3);
    const __m256i upper1 = _mm256_unpackhi_epi8(byte2, byte3);
    const __m256 factor = _mm256_set1_ps(scale);
    return {{_mm256_mul_ps(_mm256_castsi256_ps(_mm256_unpacklo_epi16(lower0, upper0)), factor),
             _mm256_mul_ps(_mm256_castsi256_ps(_mm256_unpackhi_epi16(lower0, upper0)), factor),
             _mm256_mul_ps(_mm256_castsi256_ps(_mm256_unpacklo_epi16(lower1, upper1)), factor),
             _mm256_mul_ps(_mm256_castsi256_ps(_mm256_unpackhi_epi16(lower1, upper1)), factor)}};
  }

  /// Weights come from memory once and in order; hardware alone doesn't fetch far enough ahead.
  static void prefetch(const std::byte* at) { __builtin_prefetch(at + 2048); }

 private:
  /// Byte b of the sixteen float32 values of NF4's table, for b = 0, 1, 2, 3.
  static constexpr std::array<std::array<std::uint8_t, 16>, 4> table_bytes = [] {
    std::array<std::array<std::uint8_t, 16>, 4> bytes{};
    for (std::size_t b = 0; b < 4; ++b) {
      for (std::size_t code = 0; code < 16; ++code) {
        bytes[b][code] =
            static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(quant::nf4_table[code]) >> (8 * b));
      }
    }
    return bytes;
  }();

  ASTERISM_AVX2 static __m256i table_byte(std::size_t b) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table_bytes[b].data())));
  }

  /// 64 codes to 64 weights, the first 32 times `first_scale`, the others times `second_scale`.
  ASTERISM_AVX2 static void unpack_nf4(const std::byte* in, float first_scale, float second_scale, float* out) {
    __m256i first;
    __m256i second;
    split_codes(in, first, second);
    const FourVectors low = lookup(first, first_scale);
    const FourVectors high = lookup(second, second_scale);
    ASTERISM_UNROLL
    for (int j = 0; j < 4; ++j) _mm256_storeu_ps(out + 8 * j, low.values[j]);
    ASTERISM_UNROLL
    for (int j = 0; j < 4; ++j) _mm256_storeu_ps(out + 32 + 8 * j, high.values[j]);
  }
};

}  // namespace asterism::simd

#undef ASTERISM_AVX2
#undef ASTERISM_UNROLL

#endif
