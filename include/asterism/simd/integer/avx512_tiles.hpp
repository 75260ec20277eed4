// Integer products of 8-bit activations with weights in tiles, for processors with AVX-512 and its VBMI and VNNI parts.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/avx2_tiles.hpp"
#include "asterism/simd/integer/portable_tiles.hpp"
#include "asterism/simd/product/avx512_scales.hpp"
#include "asterism/simd/target.hpp"

#if !defined(__clang__)  // g++ 12 warns about the undefined registers of its own intrinsics
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace asterism::simd {

/// The sixteen rows of a tile in the lanes of a register, so that no sum ever crosses lanes; see PortableTiles for the
/// order of summation. For 128 weights of 4 bits and one row: a load, a shift, two lookups and two dot products, each
/// with four activations from memory, broadcast.
struct Avx512Tiles {
  static constexpr std::size_t most_rows = 8;

  template <int Rows, IntegerFormat Q>
  ASTERISM_AVX512_BYTES static void multiply_tile(quant::KernelMatrixRef<Q> weights,
                                                  const typename Q::ScaleReader& scale_of, std::uint64_t tile,
                                                  const Rows8& x, float* y, std::size_t stride) {
    using Order = typename Q::KernelOrder;
    constexpr std::size_t lines = Rows8::group / Order::unit_columns;  // cache lines of a group of columns
    const std::uint64_t blocks = Order::row_blocks(weights.cols);
    const quant::TiledRow first = quant::tiled_row(weights, tile * quant::tile_rows);
    Avx512Scales<typename Q::ScaleReader> scales(
        scale_of, {.place = first.scales, .first_block = first.first_block, .row_blocks = blocks});
    const std::byte* codes = first.codes;
    const std::int8_t* rows = x.codes;
    const float* row_scales = x.scales;
    const std::int32_t* row_biases = x.biases;
    const float* row_sums = x.sums;
    __m512 sums[Rows];
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) sums[r] = _mm512_setzero_ps();
    for (std::uint64_t b = 0; b < blocks; ++b) {
      __m512 block_sums[Rows];
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) block_sums[r] = _mm512_setzero_ps();
      for (std::size_t g = 0; g < Order::block / Rows8::group; ++g, ++row_scales, ++row_biases, ++row_sums) {
        // The weights are stored plus 128, because the instruction requires one unsigned factor.
        __m512i integers[Rows];
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          integers[r] = _mm512_set1_epi32(row_biases[static_cast<std::size_t>(r) * x.groups()]);
        }
        ASTERISM_UNROLL
        for (std::size_t line = 0; line < lines; ++line) {
          if constexpr (Rows == 1) __builtin_prefetch(codes + ahead);
          add_line<Rows, Q>(_mm512_loadu_si512(codes), rows, x.cols, integers);
          codes += first.stride;
          rows += Order::unit_columns;
        }
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          const __m512 scale = _mm512_set1_ps(row_scales[static_cast<std::size_t>(r) * x.groups()]);
          __m512 sum = _mm512_cvtepi32_ps(integers[r]);
          if constexpr (Q::integer_shift != 0) {
            const __m512 activations = _mm512_set1_ps(row_sums[static_cast<std::size_t>(r) * x.groups()]);
            sum = _mm512_fmadd_ps(_mm512_set1_ps(Q::integer_shift), activations, sum);
          }
          block_sums[r] = _mm512_fmadd_ps(sum, scale, block_sums[r]);
        }
      }
      const __m512 scale = scales.next();
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) sums[r] = _mm512_fmadd_ps(block_sums[r], scale, sums[r]);
    }
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      _mm512_storeu_ps(y + static_cast<std::size_t>(r) * stride,
                       _mm512_mul_ps(sums[r], _mm512_set1_ps(Q::integer_unit)));
    }
  }

 private:
  /// How far before their use codes of one row, which memory bounds, are asked for, in bytes. Processors' own
  /// prefetching stays too near: docs/performance.md, "Products on stored weights".
  static constexpr std::size_t ahead = 8192;

  /// One cache line of codes: 4 or 8 columns of sixteen rows.
  template <int Rows, class Q>
  ASTERISM_AVX512_BYTES static void add_line(__m512i line, const std::int8_t* rows, std::size_t stride,
                                             __m512i* integers) {
    if constexpr (Q::KernelOrder::bits == 8) {
      const __m512i weights = _mm512_xor_si512(line, _mm512_set1_epi8(-128));
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r)
        integers[r] = _mm512_dpbusd_epi32(integers[r], weights, four(rows, stride, r));
    } else {
      // A lookup uses the six lowest bits of a byte: the table is repeated four times, so that codes need no mask.
      const __m512i table =
          _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(biased<Q>.data())));
      const __m512i low = _mm512_permutexvar_epi8(line, table);
      const __m512i high = _mm512_permutexvar_epi8(_mm512_srli_epi32(line, 4), table);
      const __m512i first = Q::first_in_high_nibble ? high : low;
      const __m512i second = Q::first_in_high_nibble ? low : high;
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        integers[r] = _mm512_dpbusd_epi32(integers[r], first, four(rows, stride, r));
        integers[r] = _mm512_dpbusd_epi32(integers[r], second, four(rows + 4, stride, r));
      }
    }
  }

  /// Four activations of row r, broadcast to all sixteen lanes.
  ASTERISM_AVX512_BYTES static __m512i four(const std::int8_t* rows, std::size_t stride, int r) {
    std::int32_t bits = 0;
    std::memcpy(&bits, rows + static_cast<std::size_t>(r) * stride, 4);
    return _mm512_set1_epi32(bits);
  }

  template <class Q>
  static constexpr std::array<std::uint8_t, 16> biased = [] {
    std::array<std::uint8_t, 16> table{};
    for (std::size_t i = 0; i < 16; ++i) table[i] = static_cast<std::uint8_t>(Q::integers[i] + 128);
    return table;
  }();
};

}  // namespace asterism::simd

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
