// Unpacking of stored weights with AVX2, FMA and F16C: the first half of the kernels of Level::avx2.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/simd/avx2_blocks.hpp"
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
struct Avx2Unpack : Avx2Blocks {
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

  /// 64 weights at a time where a row's piece starts at a multiple of 64; else element by element.
  template <Avx2Blockwise Q>
  ASTERISM_AVX2 static void unpack(quant::Packed<Q> matrix, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                                   std::size_t cols, float* out) {
    const auto scales = Q::scales(matrix);
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      const std::uint64_t first = (o + i) * matrix.cols + c;
      std::size_t k = 0;
      if (first % 64 == 0) {
        for (; k + 64 <= cols; k += 64) {
          const auto stored = piece(matrix, scales, first + k);
          const FourVectors low = weights<0>(stored);
          const FourVectors high = weights<1>(stored);
          ASTERISM_UNROLL
          for (int j = 0; j < 4; ++j) _mm256_storeu_ps(out + k + 8 * j, low.values[j]);
          ASTERISM_UNROLL
          for (int j = 0; j < 4; ++j) _mm256_storeu_ps(out + k + 32 + 8 * j, high.values[j]);
        }
      }
      if (k < cols) Q::decode(matrix, first + k, View<float>(out + k, cols - k));
    }
  }
};

}  // namespace asterism::simd

#undef ASTERISM_AVX2
#undef ASTERISM_UNROLL

#endif
