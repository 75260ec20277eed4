// Exact products with blockwise weights in tiles, for processors with AVX-512.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/nf4_block.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/simd/product/avx512_scales.hpp"
#include "asterism/simd/product/tile.hpp"
#include "asterism/simd/target.hpp"

#if !defined(__clang__)  // g++ 12 warns about the undefined registers of its own intrinsics
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace asterism::simd {

/// The sixteen rows of a tile in the lanes of a register, so that no sum ever crosses lanes. 8 columns of 4-bit
/// weights take a load, seven shifts and eight lookups, then for each row of the input eight fused multiply-adds
/// with an activation from memory, broadcast.
///
/// Order of summation of one result: for each block of columns, or of 256 if blocks are wider, four sums each take
/// every fourth product, fused, and are added as (0 + 1) + (2 + 3); blocks below 64 have two sums of every second
/// product. The block's sum is multiplied by its scale and fused with the sum of the segment; segments are added
/// from left to right.
struct Avx512Blocks {
  static constexpr std::size_t most_rows = 4;

  /// y(r, 16 tile + i) for `Rows` rows of x and the outputs i whose bits are set in `wanted`; x and y are at
  /// x(first row, 0) and y(first row, 16 tile).
  template <int Rows, quant::HasKernelOrder Q>
  ASTERISM_AVX512_BYTES static void multiply_tile(quant::KernelMatrixRef<Q> weights,
                                                  const typename Q::ScaleReader& scale_of, std::uint64_t tile,
                                                  const float* x, std::size_t x_stride, float* y,
                                                  std::size_t y_stride, std::uint16_t wanted) {
    using Order = typename Q::KernelOrder;
    constexpr std::size_t width = Order::block < 256 ? Order::block : 256;
    const quant::TiledRow first = quant::tiled_row(weights, tile * quant::tile_rows);
    Avx512Scales<typename Q::ScaleReader> scales(
        scale_of,
        {.place = first.scales, .first_block = first.first_block, .row_blocks = Order::row_blocks(weights.cols)});
    const auto cols = static_cast<std::size_t>(weights.cols);
    const std::byte* codes = first.codes;
    __m512 scale = _mm512_setzero_ps();
    __m512 results[Rows];
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) results[r] = _mm512_setzero_ps();
    for (std::size_t c = 0; c < cols;) {
      const std::size_t end = cols - c < segment ? cols : c + segment;
      __m512 segment_sums[Rows];
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) segment_sums[r] = _mm512_setzero_ps();
      for (; c < end; c += width) {
        if (width == Order::block || c % Order::block == 0) scale = scales.next();
        __m512 sums[Rows][sums_of<Q>];
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          ASTERISM_UNROLL
          for (unsigned k = 0; k < sums_of<Q>; ++k) sums[r][k] = _mm512_setzero_ps();
        }
        const float* at = x + c;
        for (const float* const stop = at + width; at != stop; at += Order::unit_columns) {
          _mm_prefetch(reinterpret_cast<const char*>(codes + ahead), _MM_HINT_T0);
          add_line<Rows, Q>(_mm512_loadu_si512(codes), at, x_stride, sums);
          codes += first.stride;
        }
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          __m512 sum = _mm512_add_ps(sums[r][0], sums[r][1]);
          if constexpr (sums_of<Q> == 4) sum = _mm512_add_ps(sum, _mm512_add_ps(sums[r][2], sums[r][3]));
          segment_sums[r] = _mm512_fmadd_ps(sum, scale, segment_sums[r]);
        }
      }
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) results[r] = _mm512_add_ps(results[r], segment_sums[r]);
    }
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      _mm512_mask_storeu_ps(y + static_cast<std::size_t>(r) * y_stride, wanted, results[r]);
    }
  }

 private:
  /// Prefetch distance in bytes of codes.
  static constexpr std::size_t ahead = 3072;

  /// Number of independent sums of a block, so that they need not wait for one another. With small blocks the sums
  /// of the next block overlap.
  template <class Q>
  static constexpr unsigned sums_of = Q::KernelOrder::block >= 64 ? 4 : 2;

  /// One cache line of codes: 4 or 8 columns of sixteen rows.
  template <int Rows, class Q>
  ASTERISM_AVX512_BYTES static void add_line(__m512i line, const float* x, std::size_t stride,
                                             __m512 (&sums)[Rows][sums_of<Q>]) {
    ASTERISM_UNROLL
    for (unsigned k = 0; k < Q::KernelOrder::unit_columns; ++k) {
      const __m512 weights = column<Q>(line, k);
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        const __m512 activation = _mm512_set1_ps(x[static_cast<std::size_t>(r) * stride + k]);
        sums[r][k % sums_of<Q>] = _mm512_fmadd_ps(activation, weights, sums[r][k % sums_of<Q>]);
      }
    }
  }

  /// Column k of a line without its scales.
  template <class Q>
  ASTERISM_AVX512_BYTES static __m512 column(__m512i line, unsigned k) {
    if constexpr (Q::KernelOrder::bits == 8) {
      return _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(line, 24 - 8 * k), 24));
    } else {
      // A lookup uses the four lowest bits of a lane, so that codes need no mask.
      const unsigned nibble = Q::first_in_high_nibble ? k ^ 1U : k;
      return _mm512_permutexvar_ps(_mm512_srli_epi32(line, 4 * nibble), _mm512_loadu_ps(values<Q>.data()));
    }
  }

  /// The values of 4-bit codes.
  template <class Q>
  static constexpr std::array<float, 16> values = [] {
    if constexpr (std::same_as<typename Q::Codes, quant::Nf4Codes>) {
      return quant::nf4_table;
    } else {
      std::array<float, 16> table{};
      for (std::size_t i = 0; i < 16; ++i) table[i] = Q::integers[i];
      return table;
    }
  }();
};

}  // namespace asterism::simd

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
