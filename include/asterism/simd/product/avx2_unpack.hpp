// Unpacking of stored weights with AVX2, FMA and F16C: the first half of the kernels of Level::avx2.
#pragma once

#if defined(__x86_64__)

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/product/avx2_blocks.hpp"
#include "asterism/simd/product/avx2_k_blocks.hpp"
#include "asterism/simd/product/known_formats.hpp"
#include "asterism/simd/product/portable.hpp"
#include "asterism/simd/product/tile.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// Unpacking for Avx2. Every value is the one that the format's own `decode` gives, to the bit.
struct Avx2Unpack : Avx2Blocks {
  /// Unpacks a tile of any format: with its own `decode`, unless there is a kernel for it below.
  template <quant::Quantization Q>
  static void unpack(quant::KernelMatrixRef<Q> weights, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                     std::size_t cols, float* out) {
    Portable::unpack(weights, o, outputs, c, cols, out);
  }

  template <FloatFormat Q>
  ASTERISM_AVX2 static void unpack(quant::KernelMatrixRef<Q> weights, std::uint64_t o, std::size_t outputs,
                                   std::uint64_t c, std::size_t cols, float* out) {
    constexpr std::size_t size = Q::element_bytes;
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      const std::uint64_t first = (o + i) * weights.cols + c;
      const std::byte* in = weights.data + first * size;
      std::size_t k = 0;
      for (; k + 32 <= cols; k += 32) {
        prefetch(in + k * size);
        ASTERISM_UNROLL
        for (std::size_t j = k; j < k + 32; j += 8) _mm256_storeu_ps(out + j, numbers<Q>(in + j * size));
      }
      if (k < cols) Q::decode(weights.matrix(), first + k, View<float>(out + k, cols - k));
    }
  }

  /// Whole blocks of a table's values, of which the pieces of a product consist.
  template <KnownTable Q>
  ASTERISM_AVX2 static void unpack(quant::KernelMatrixRef<Q> weights, std::uint64_t o, std::size_t outputs,
                                   std::uint64_t c, std::size_t cols, float* out) {
    const auto scales = Q::scales(weights.matrix());
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      const quant::TiledRow row = quant::tiled_row(weights, o + i);
      for (std::size_t k = 0; k < cols; k += 32) table_block<Q>(row, scales, (c + k) / 32, out + k);
    }
  }

  /// Whole blocks, of which the pieces of a product consist.
  template <KnownKBlocks Q>
  static void unpack(quant::KernelMatrixRef<Q> weights, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                     std::size_t cols, float* out) {
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      const std::uint64_t first = ((o + i) * weights.cols + c) / Q::block;
      const auto* block = reinterpret_cast<const std::uint8_t*>(weights.data) + first * Q::block_bytes;
      for (std::size_t k = 0; k < cols; k += Q::block, block += Q::block_bytes) {
        __builtin_prefetch(block + 2048);
        Avx2KBlocks::decode(Q(), block, out + k);
      }
    }
  }

  /// 64 weights at a time if the matrix is in tiles and the piece starts at a multiple of 64; otherwise element by
  /// element.
  template <KnownBlocks Q>
  ASTERISM_AVX2 static void unpack(quant::KernelMatrixRef<Q> matrix, std::uint64_t o, std::size_t outputs,
                                   std::uint64_t c, std::size_t cols, float* out) {
    const auto scales = Q::scales(matrix.matrix());
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      std::size_t k = 0;
      if (matrix.in_tiles() && c % 64 == 0) {
        const quant::TiledRow row = quant::tiled_row(matrix, o + i);
        for (; k + 64 <= cols; k += 64) {
          const auto stored = piece<Q>(row, scales, c + k);
          const FourVectors low = weights<0>(stored);
          const FourVectors high = weights<1>(stored);
          ASTERISM_UNROLL
          for (int j = 0; j < 4; ++j) _mm256_storeu_ps(out + k + 8 * j, low.values[j]);
          ASTERISM_UNROLL
          for (int j = 0; j < 4; ++j) _mm256_storeu_ps(out + k + 32 + 8 * j, high.values[j]);
        }
      }
      if (k < cols) quant::decode(matrix, (o + i) * matrix.cols + c + k, View<float>(out + k, cols - k));
    }
  }

  /// Eight plain numbers in order.
  template <FloatFormat Q>
  ASTERISM_AVX2 static __m256 numbers(const std::byte* at) {
    if constexpr (std::same_as<Q, quant::Float32>) {
      return _mm256_loadu_ps(reinterpret_cast<const float*>(at));
    } else {
      const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      if constexpr (std::same_as<Q, quant::Float16>) return _mm256_cvtph_ps(bits);
      return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
    }
  }
};

}  // namespace asterism::simd

#endif
