// Attention's vector kernels for processors with AVX-512. Compiled without a flag: only the functions marked here
// use these instructions, and they are called only if `supported(Level::avx512)`.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/simd/attention/avx512_stored_row.hpp"
#include "asterism/simd/attention/portable_vector.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/target.hpp"

#if !defined(__clang__)  // g++ 12 warns about the undefined registers of its own intrinsics
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace asterism::simd {

/// The kernels of Level::avx512; see `vector.hpp`.
///
/// Order of summation of a dot product: lane l sums the products l, l + 16, l + 32 ... with fused multiply-adds,
/// then lanes at distances of 8, 4, 2 and 1 are added.
struct Avx512Vector : Avx512StoredRow {
  template <class Row>
  static void dots(View<const float* const> queries, StoredRows<Row> rows, MatrixView<float> out) {
    std::size_t q = 0;
    for (; q + 4 <= queries.size; q += 4)
      dots_of<4>(queries.data + q, rows, out.data + q * out.stride, out.stride);
    for (; q + 2 <= queries.size; q += 2)
      dots_of<2>(queries.data + q, rows, out.data + q * out.stride, out.stride);
    if (q < queries.size) dots_of<1>(queries.data + q, rows, out.data + q * out.stride, out.stride);
  }

  template <class Row>
  static void add_weighted(MatrixView<const float> weights, StoredRows<Row> rows, View<float* const> sums) {
    std::size_t q = 0;
    for (; q + 4 <= sums.size; q += 4)
      add_of<4>(weights.data + q * weights.stride, weights.stride, rows, sums.data + q);
    for (; q + 2 <= sums.size; q += 2)
      add_of<2>(weights.data + q * weights.stride, weights.stride, rows, sums.data + q);
    if (q < sums.size) add_of<1>(weights.data + q * weights.stride, weights.stride, rows, sums.data + q);
  }

  ASTERISM_AVX512 static float maximum(View<const float> x) {
    __m512 most = _mm512_set1_ps(x.data[0]);
    for (std::size_t i = 0; i < x.size; i += 16) {
      const __mmask16 mask = lanes(x.size - i);
      most = _mm512_mask_max_ps(most, mask, most, _mm512_maskz_loadu_ps(mask, x.data + i));
    }
    return _mm512_reduce_max_ps(most);
  }

  ASTERISM_AVX512 static float exponentials(View<float> x, float scale, float shift) {
    __m512 sum = _mm512_setzero_ps();
    for (std::size_t i = 0; i < x.size; i += 16) {
      const __mmask16 mask = lanes(x.size - i);
      const __m512 from = _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, x.data + i), _mm512_set1_ps(shift));
      const __m512 y = exponential(_mm512_mul_ps(from, _mm512_set1_ps(scale)));
      _mm512_mask_storeu_ps(x.data + i, mask, y);
      sum = _mm512_mask_add_ps(sum, mask, sum, y);
    }
    return _mm512_reduce_add_ps(sum);
  }

 private:
  /// `Queries` queries times 16 / Queries rows at a time. sums[a][k] are those of query a / groups and row (a %
  /// groups) * 4 + k.
  template <std::size_t Queries, class Row>
  ASTERISM_AVX512 static void dots_of(const float* const* queries, StoredRows<Row> rows, float* out,
                                      std::size_t stride) {
    constexpr std::size_t groups = 4 / Queries;
    constexpr std::size_t step = 4 * groups;
    const std::size_t share =
        32 * step * Row::bytes(rows.width) / rows.width;  // of the rows side by side, in bytes
    for (std::size_t first = 0; first < rows.count; first += step) {
      const std::size_t count = rows.count - first;
      const std::byte* at[step];
      ASTERISM_UNROLL
      for (std::size_t k = 0; k < step; ++k) at[k] = rows[first + (k < count ? k : count - 1)];
      __m512 sums[4][4];
      ASTERISM_UNROLL
      for (std::size_t a = 0; a < 4; ++a) {
        ASTERISM_UNROLL
        for (std::size_t k = 0; k < 4; ++k) sums[a][k] = _mm512_setzero_ps();
      }
      std::size_t i = 0;
      for (; i + 32 <= rows.width; i += 32) {
        rows.template fetch<Row::bytes(32 * step)>(first * Row::bytes(rows.width) + i / 32 * share);
        __m512 query[Queries][2];
        ASTERISM_UNROLL
        for (std::size_t q = 0; q < Queries; ++q) {
          query[q][0] = _mm512_loadu_ps(queries[q] + i);
          query[q][1] = _mm512_loadu_ps(queries[q] + i + 16);
        }
        ASTERISM_UNROLL
        for (std::size_t k = 0; k < step; ++k) {
          __m512 row[2];
          load<2, Row>(at[k], rows.width, i, row);
          ASTERISM_UNROLL
          for (std::size_t q = 0; q < Queries; ++q) {
            __m512& sum = sums[q * groups + k / 4][k % 4];
            sum = _mm512_fmadd_ps(query[q][0], row[0], sum);
            sum = _mm512_fmadd_ps(query[q][1], row[1], sum);
          }
        }
      }
      for (; i < rows.width; i += 16) {
        const std::size_t last = rows.width - i < 16 ? rows.width - i : 16;
        ASTERISM_UNROLL
        for (std::size_t k = 0; k < step; ++k) {
          const __m512 row = load_part<Row>(at[k], rows.width, i, last);
          ASTERISM_UNROLL
          for (std::size_t q = 0; q < Queries; ++q) {
            __m512& sum = sums[q * groups + k / 4][k % 4];
            sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(lanes(last), queries[q] + i), row, sum);
          }
        }
      }
      store_sums<Queries>(sum_lanes(sums), count < step ? count : step, out + first, stride);
    }
  }

  /// The lanes of sixteen vectors added up: four lanes for each `a`, one for each k.
  ASTERISM_AVX512 static __m512 sum_lanes(const __m512 (&sums)[4][4]) {
    __m512 rows[4];
    ASTERISM_UNROLL
    for (std::size_t k = 0; k < 4; ++k) {
      const __m512 low = halves(sums[0][k], sums[1][k]);
      const __m512 high = halves(sums[2][k], sums[3][k]);
      rows[k] = _mm512_add_ps(_mm512_shuffle_f32x4(low, high, 0x88), _mm512_shuffle_f32x4(low, high, 0xDD));
    }
    const __m512 even = pairs(rows[0], rows[1]);
    const __m512 odd = pairs(rows[2], rows[3]);
    return _mm512_add_ps(_mm512_shuffle_ps(even, odd, 0x88), _mm512_shuffle_ps(even, odd, 0xDD));
  }
  ASTERISM_AVX512 static __m512 halves(__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
  }
  ASTERISM_AVX512 static __m512 pairs(__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xEE));
  }

  template <std::size_t Queries>
  ASTERISM_AVX512 static void store_sums(__m512 sums, std::size_t count, float* out, std::size_t stride) {
    constexpr std::size_t groups = 4 / Queries;
    alignas(64) float all[16];
    _mm512_store_ps(all, sums);
    ASTERISM_UNROLL
    for (std::size_t a = 0; a < 4; ++a) {
      const std::size_t first = a % groups * 4;
      if (first >= count) continue;
      const auto mask = static_cast<__mmask8>(count - first >= 4 ? 15U : (1U << (count - first)) - 1U);
      _mm_mask_storeu_ps(out + a / groups * stride + first, mask, _mm_load_ps(all + 4 * a));
    }
  }

  template <std::size_t Queries, class Row>
  ASTERISM_AVX512 static void add_of(const float* weights, std::size_t stride, StoredRows<Row> rows,
                                     float* const* sums) {
    constexpr std::size_t vectors = Queries == 4 ? 4 : 8;
    std::size_t i = 0;
    for (; i + 16 * vectors <= rows.width; i += 16 * vectors) {
      add_columns<Queries, vectors>(weights, stride, rows, sums, i);
    }
    for (; i + 16 <= rows.width; i += 16) add_columns<Queries, 1>(weights, stride, rows, sums, i);
    if (i == rows.width) return;
    const __mmask16 mask = lanes(rows.width - i);
    for (std::size_t q = 0; q < Queries; ++q) {
      __m512 sum = _mm512_maskz_loadu_ps(mask, sums[q] + i);
      for (std::size_t j = 0; j < rows.count; ++j) {
        const __m512 row = load_part<Row>(rows[j], rows.width, i, rows.width - i);
        sum = _mm512_fmadd_ps(_mm512_set1_ps(weights[q * stride + j]), row, sum);
      }
      _mm512_mask_storeu_ps(sums[q] + i, mask, sum);
    }
  }

  /// The columns [i, i + 16 * Vectors), in registers while all rows are added.
  template <std::size_t Queries, std::size_t Vectors, class Row>
  ASTERISM_AVX512 static void add_columns(const float* weights, std::size_t stride, StoredRows<Row> rows,
                                          float* const* sums, std::size_t i) {
    __m512 sum[Queries][Vectors];
    ASTERISM_UNROLL
    for (std::size_t q = 0; q < Queries; ++q) {
      ASTERISM_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) sum[q][v] = _mm512_loadu_ps(sums[q] + i + 16 * v);
    }
    const std::size_t share = 16 * Vectors * Row::bytes(rows.width) / rows.width;  // of a row, in bytes
    for (std::size_t j = 0; j < rows.count; ++j) {
      rows.template fetch<Row::bytes(16 * Vectors)>(share * (i / (16 * Vectors) * rows.count + j));
      const std::byte* at = rows[j];
      __m512 row[Vectors];
      load<Vectors, Row>(at, rows.width, i, row);
      ASTERISM_UNROLL
      for (std::size_t q = 0; q < Queries; ++q) {
        const __m512 weight = _mm512_set1_ps(weights[q * stride + j]);
        ASTERISM_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) sum[q][v] = _mm512_fmadd_ps(weight, row[v], sum[q][v]);
      }
    }
    ASTERISM_UNROLL
    for (std::size_t q = 0; q < Queries; ++q) {
      ASTERISM_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) _mm512_storeu_ps(sums[q] + i + 16 * v, sum[q][v]);
    }
  }

  /// See PortableVector::exponentials.
  ASTERISM_AVX512 static __m512 exponential(__m512 t) {
    using Plain = PortableVector;
    t = _mm512_max_ps(_mm512_set1_ps(Plain::lowest), t);  // a NaN stays: max_ps returns the second operand then
    const __m512 k =
        _mm512_roundscale_ps(_mm512_mul_ps(t, _mm512_set1_ps(Plain::log2_e)), _MM_FROUND_TO_NEAREST_INT);
    const __m512 high = _mm512_fnmadd_ps(k, _mm512_set1_ps(Plain::ln2_high), t);
    const __m512 r = _mm512_fnmadd_ps(k, _mm512_set1_ps(Plain::ln2_low), high);
    __m512 y = _mm512_set1_ps(Plain::polynomial[0]);
    ASTERISM_UNROLL
    for (std::size_t c = 1; c < 6; ++c) y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(Plain::polynomial[c]));
    y = _mm512_add_ps(_mm512_fmadd_ps(y, _mm512_mul_ps(r, r), r), _mm512_set1_ps(1.0F));
    const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(k), _mm512_set1_epi32(127));
    return _mm512_mul_ps(y, _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23)));
  }
};

}  // namespace asterism::simd

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
