// Integer products of 8-bit activations with weights in tiles, for processors with AVX2, FMA and F16C.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/portable_tiles.hpp"
#include "asterism/simd/integer/quantize_row.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// Eight rows of a tile in each register, so that sums stay in their lanes; see PortableTiles for the order.
struct Avx2Tiles {
  static constexpr std::size_t most_rows = 4;

  template <int Rows, IntegerFormat Q>
  static void multiply_tile(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                            std::uint64_t tile, const Rows8& x, float* y, std::size_t stride) {
    multiply_half<Rows>(weights, scale_of, tile, 0, x, y, stride);
    multiply_half<Rows>(weights, scale_of, tile, 1, x, y + 8, stride);
  }

  /// See quantize_row.
  ASTERISM_AVX2 static void quantize(const float* x, const Rows8& to, std::size_t row, std::size_t first,
                                     std::size_t end) {
    std::int8_t* codes = to.codes + row * to.cols + first * Rows8::group;
    x += first * Rows8::group;
    for (std::size_t g = first; g < end; ++g, x += Rows8::group, codes += Rows8::group) {
      __m256 values[4];
      __m256i largest = _mm256_setzero_si256();
      ASTERISM_UNROLL
      for (int k = 0; k < 4; ++k) {
        values[k] = _mm256_loadu_ps(x + 8 * k);
        const __m256i magnitude = _mm256_and_si256(_mm256_castps_si256(values[k]), _mm256_set1_epi32(0x7FFFFFFF));
        largest = _mm256_max_epu32(largest, magnitude);
      }
      const GroupScale scale(max_lane(largest));
      const __m256 factor = _mm256_set1_ps(scale.factor);
      __m256i integers[4];
      __m256i sum = _mm256_setzero_si256();
      ASTERISM_UNROLL
      for (int k = 0; k < 4; ++k) {
        integers[k] =
            scale.factor == 0 ? _mm256_setzero_si256() : _mm256_cvtps_epi32(_mm256_mul_ps(values[k], factor));
        sum = _mm256_add_epi32(sum, integers[k]);
      }
      // Packing works on halves: columns 0-3 8-11 16-19 24-27, then 4-7 12-15 20-23 28-31.
      const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(integers[0], integers[1]),
                                               _mm256_packs_epi32(integers[2], integers[3]));
      const __m256i in_order = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
      const __m256i pairs = _mm256_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15,  //
                                             0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes),
                          to.paired ? _mm256_shuffle_epi8(in_order, pairs) : in_order);
      to.scales[row * to.groups() + g] = scale.scale;
      const std::int32_t total = sum_lanes(sum);
      to.biases[row * to.groups() + g] = -128 * total;
      to.sums[row * to.groups() + g] = static_cast<float>(total);
    }
  }

 private:
  /// Rows 8 half ... 8 half + 7 of the tile; y is at y(0, 16 tile + 8 half).
  template <int Rows, class Q>
  ASTERISM_AVX2 static void multiply_half(quant::KernelMatrixRef<Q> weights,
                                          const typename Q::ScaleReader& scale_of, std::uint64_t tile,
                                          std::uint64_t half, const Rows8& x, float* y, std::size_t stride) {
    using Order = typename Q::KernelOrder;
    constexpr std::size_t lines = Rows8::group / Order::unit_columns;  // cache lines of a group of columns
    const std::uint64_t blocks = Order::row_blocks(weights.cols);
    const quant::TiledRow first = quant::tiled_row(weights, tile * quant::tile_rows + half * 8);
    const std::byte* codes = first.codes;
    const std::int8_t* rows = x.codes;
    const float* row_scales = x.scales;
    const float* row_sums = x.sums;
    __m256 sums[Rows];
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) sums[r] = _mm256_setzero_ps();
    for (std::uint64_t b = 0; b < blocks; ++b) {
      __m256 block_sums[Rows];
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) block_sums[r] = _mm256_setzero_ps();
      for (std::size_t g = 0; g < Order::block / Rows8::group; ++g, ++row_scales, ++row_sums) {
        __m256i integers[Rows];
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) integers[r] = _mm256_setzero_si256();
        ASTERISM_UNROLL
        for (std::size_t line = 0; line < lines; ++line) {
          __builtin_prefetch(codes + 4096);
          add_line<Rows, Q>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes)), rows, x.cols, integers);
          codes += first.stride;
          rows += Order::unit_columns;
        }
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          const __m256 scale = _mm256_set1_ps(row_scales[static_cast<std::size_t>(r) * x.groups()]);
          __m256 sum = _mm256_cvtepi32_ps(integers[r]);
          if constexpr (Q::integer_shift != 0) {
            const __m256 activations = _mm256_set1_ps(row_sums[static_cast<std::size_t>(r) * x.groups()]);
            sum = _mm256_fmadd_ps(_mm256_set1_ps(Q::integer_shift), activations, sum);
          }
          block_sums[r] = _mm256_fmadd_ps(sum, scale, block_sums[r]);
        }
      }
      alignas(32) float scales[8];
      for (std::uint64_t i = 0; i < 8; ++i) {
        scales[i] = scale_of.at(first.scale(b) + i, first.first_block + i * blocks + b);
      }
      const __m256 scale = _mm256_load_ps(scales);
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) sums[r] = _mm256_fmadd_ps(block_sums[r], scale, sums[r]);
    }
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      _mm256_storeu_ps(y + static_cast<std::size_t>(r) * stride,
                       _mm256_mul_ps(sums[r], _mm256_set1_ps(Q::integer_unit)));
    }
  }

  /// Half a cache line of codes: 4 or 8 columns of eight rows.
  template <int Rows, class Q>
  ASTERISM_AVX2 static void add_line(__m256i line, const std::int8_t* rows, std::size_t stride,
                                     __m256i* integers) {
    if constexpr (Q::KernelOrder::bits == 8) {
      add_products<Rows>(line, _mm256_abs_epi8(line), rows, stride, integers);
    } else {
      const __m256i mask = _mm256_set1_epi8(15);
      const __m256i low = _mm256_and_si256(line, mask);
      const __m256i high = _mm256_and_si256(_mm256_srli_epi16(line, 4), mask);
      const __m256i first = Q::first_in_high_nibble ? high : low;
      const __m256i second = Q::first_in_high_nibble ? low : high;
      const __m256i values = table(Q::integers.data());
      const __m256i magnitudes = _mm256_abs_epi8(values);
      add_products<Rows>(_mm256_shuffle_epi8(values, first), _mm256_shuffle_epi8(magnitudes, first), rows, stride,
                         integers);
      add_products<Rows>(_mm256_shuffle_epi8(values, second), _mm256_shuffle_epi8(magnitudes, second), rows + 4,
                         stride, integers);
    }
  }

  /// integers += weights * activations, four columns per lane. The instruction requires one unsigned factor, so
  /// the activations take the weights' signs; 2 * 127 * 127 fits its 16 bits.
  template <int Rows>
  ASTERISM_AVX2 static void add_products(__m256i weights, __m256i magnitudes, const std::int8_t* rows,
                                         std::size_t stride, __m256i* integers) {
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      std::int32_t four = 0;
      std::memcpy(&four, rows + static_cast<std::size_t>(r) * stride, 4);
      const __m256i signed_four = _mm256_sign_epi8(_mm256_set1_epi32(four), weights);
      const __m256i pairs = _mm256_maddubs_epi16(magnitudes, signed_four);
      integers[r] = _mm256_add_epi32(integers[r], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
  }

  ASTERISM_AVX2 static __m256i table(const std::int8_t* sixteen) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(sixteen)));
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
