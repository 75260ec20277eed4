// Attention's vector kernels for processors with AVX2, FMA and F16C. Compiled without a flag: only the functions
// marked here use these instructions, and they are called only if `supported(Level::avx2)`.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/simd/attention/avx2_stored_row.hpp"
#include "asterism/simd/attention/portable_vector.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// The kernels of Level::avx2; see `vector.hpp`.
///
/// Order of summation of a dot product: lane l sums the products l, l + 8, l + 16 ... with fused multiply-adds,
/// then lanes at distances of 4, 2 and 1 are added.
struct Avx2Vector : Avx2StoredRow {
  template <class Row>
  static void dots(View<const float* const> queries, StoredRows<Row> rows, MatrixView<float> out) {
    std::size_t q = 0;
    for (; q + 2 <= queries.size; q += 2)
      dots_of<2>(queries.data + q, rows, out.data + q * out.stride, out.stride);
    if (q < queries.size) dots_of<1>(queries.data + q, rows, out.data + q * out.stride, out.stride);
  }

  template <class Row>
  static void add_weighted(MatrixView<const float> weights, StoredRows<Row> rows, View<float* const> sums) {
    std::size_t q = 0;
    for (; q + 4 <= sums.size; q += 4)
      add_of<4>(weights.data + q * weights.stride, weights.stride, rows, sums.data + q);
    for (; q < sums.size; ++q) add_of<1>(weights.data + q * weights.stride, weights.stride, rows, sums.data + q);
  }

  ASTERISM_AVX2 static float maximum(View<const float> x) {
    __m256 most = _mm256_set1_ps(x.data[0]);
    std::size_t i = 0;
    for (; i + 8 <= x.size; i += 8) most = _mm256_max_ps(most, _mm256_loadu_ps(x.data + i));
    float all[8];
    _mm256_storeu_ps(all, most);
    float result = all[0];
    for (const float value : all) result = value > result ? value : result;
    for (; i < x.size; ++i) result = x.data[i] > result ? x.data[i] : result;
    return result;
  }

  ASTERISM_AVX2 static float exponentials(View<float> x, float scale, float shift) {
    __m256 sum = _mm256_setzero_ps();
    for (std::size_t i = 0; i < x.size; i += 8) {
      const __m256i mask = lanes(x.size - i);
      const __m256 from = _mm256_sub_ps(_mm256_maskload_ps(x.data + i, mask), _mm256_set1_ps(shift));
      const __m256 y = exponential(_mm256_mul_ps(from, _mm256_set1_ps(scale)));
      _mm256_maskstore_ps(x.data + i, mask, y);
      sum = _mm256_add_ps(sum, _mm256_and_ps(y, _mm256_castsi256_ps(mask)));
    }
    return sum_lanes(sum);
  }

  ASTERISM_AVX2 static void add_scaled(float* y, float a, const float* x, std::size_t n) {
    const __m256 factor = _mm256_set1_ps(a);
    for (std::size_t i = 0; i < n; i += 8) {
      const __m256i mask = lanes(n - i);
      const __m256 sum = _mm256_fmadd_ps(factor, _mm256_maskload_ps(x + i, mask), _mm256_maskload_ps(y + i, mask));
      _mm256_maskstore_ps(y + i, mask, sum);
    }
  }

  ASTERISM_AVX2 static void to_float16(const float* in, std::uint16_t* out, std::size_t n) {
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
      const __m128i half = _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), half);
    }
    PortableVector::to_float16(in + i, out + i, n - i);
  }

 private:
  /// `Queries` queries times 8 / Queries rows at a time. sums[a][k] are those of query a / groups and row (a %
  /// groups) * 4 + k.
  template <std::size_t Queries, class Row>
  ASTERISM_AVX2 static void dots_of(const float* const* queries, StoredRows<Row> rows, float* out,
                                    std::size_t stride) {
    constexpr std::size_t groups = 2 / Queries;
    constexpr std::size_t step = 4 * groups;
    const std::size_t share =
        32 * step * Row::bytes(rows.width) / rows.width;  // of the rows side by side, in bytes
    for (std::size_t first = 0; first < rows.count; first += step) {
      const std::size_t count = rows.count - first;
      const std::byte* at[step];
      ASTERISM_UNROLL
      for (std::size_t k = 0; k < step; ++k) at[k] = rows[first + (k < count ? k : count - 1)];
      __m256 sums[2][4];
      ASTERISM_UNROLL
      for (std::size_t a = 0; a < 2; ++a) {
        ASTERISM_UNROLL
        for (std::size_t k = 0; k < 4; ++k) sums[a][k] = _mm256_setzero_ps();
      }
      std::size_t i = 0;
      for (; i + 32 <= rows.width; i += 32) {
        rows.template fetch<Row::bytes(32 * step)>(first * Row::bytes(rows.width) + i / 32 * share);
        ASTERISM_UNROLL
        for (std::size_t k = 0; k < step; ++k) {
          __m256 row[4];
          load<4, Row>(at[k], rows.width, i, row);
          ASTERISM_UNROLL
          for (std::size_t q = 0; q < Queries; ++q) {
            __m256& sum = sums[q * groups + k / 4][k % 4];
            ASTERISM_UNROLL
            for (std::size_t v = 0; v < 4; ++v) {
              sum = _mm256_fmadd_ps(_mm256_loadu_ps(queries[q] + i + 8 * v), row[v], sum);
            }
          }
        }
      }
      for (; i < rows.width; i += 8) {
        const std::size_t last = rows.width - i < 8 ? rows.width - i : 8;
        ASTERISM_UNROLL
        for (std::size_t k = 0; k < step; ++k) {
          const __m256 row = load_part<Row>(at[k], rows.width, i, last);
          ASTERISM_UNROLL
          for (std::size_t q = 0; q < Queries; ++q) {
            __m256& sum = sums[q * groups + k / 4][k % 4];
            sum = _mm256_fmadd_ps(_mm256_maskload_ps(queries[q] + i, lanes(last)), row, sum);
          }
        }
      }
      alignas(32) float all[8];
      _mm256_store_ps(all, sum_lanes(sums));
      for (std::size_t q = 0; q < Queries; ++q) {
        for (std::size_t k = 0; k < (count < step ? count : step); ++k)
          out[q * stride + first + k] = all[q * 4 + k];
      }
    }
  }

  /// The lanes of eight vectors added up: four lanes for each `a`, one for each k.
  ASTERISM_AVX2 static __m256 sum_lanes(const __m256 (&sums)[2][4]) {
    __m256 rows[4];
    ASTERISM_UNROLL
    for (std::size_t k = 0; k < 4; ++k) {
      rows[k] = _mm256_add_ps(_mm256_permute2f128_ps(sums[0][k], sums[1][k], 0x20),
                              _mm256_permute2f128_ps(sums[0][k], sums[1][k], 0x31));
    }
    const __m256 even = pairs(rows[0], rows[1]);
    const __m256 odd = pairs(rows[2], rows[3]);
    return _mm256_add_ps(_mm256_shuffle_ps(even, odd, 0x88), _mm256_shuffle_ps(even, odd, 0xDD));
  }
  ASTERISM_AVX2 static __m256 pairs(__m256 a, __m256 b) {
    return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x44), _mm256_shuffle_ps(a, b, 0xEE));
  }
  ASTERISM_AVX2 static float sum_lanes(__m256 v) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  }

  template <std::size_t Queries, class Row>
  ASTERISM_AVX2 static void add_of(const float* weights, std::size_t stride, StoredRows<Row> rows,
                                   float* const* sums) {
    constexpr std::size_t vectors = Queries == 4 ? 2 : 8;
    std::size_t i = 0;
    for (; i + 8 * vectors <= rows.width; i += 8 * vectors) {
      add_columns<Queries, vectors>(weights, stride, rows, sums, i);
    }
    for (; i + 8 <= rows.width; i += 8) add_columns<Queries, 1>(weights, stride, rows, sums, i);
    if (i == rows.width) return;
    const __m256i mask = lanes(rows.width - i);
    for (std::size_t q = 0; q < Queries; ++q) {
      __m256 sum = _mm256_maskload_ps(sums[q] + i, mask);
      for (std::size_t j = 0; j < rows.count; ++j) {
        const __m256 row = load_part<Row>(rows[j], rows.width, i, rows.width - i);
        sum = _mm256_fmadd_ps(_mm256_set1_ps(weights[q * stride + j]), row, sum);
      }
      _mm256_maskstore_ps(sums[q] + i, mask, sum);
    }
  }

  /// The columns [i, i + 8 * Vectors), in registers while all rows are added.
  template <std::size_t Queries, std::size_t Vectors, class Row>
  ASTERISM_AVX2 static void add_columns(const float* weights, std::size_t stride, StoredRows<Row> rows,
                                        float* const* sums, std::size_t i) {
    __m256 sum[Queries][Vectors];
    ASTERISM_UNROLL
    for (std::size_t q = 0; q < Queries; ++q) {
      ASTERISM_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) sum[q][v] = _mm256_loadu_ps(sums[q] + i + 8 * v);
    }
    const std::size_t share = 8 * Vectors * Row::bytes(rows.width) / rows.width;  // of a row, in bytes
    for (std::size_t j = 0; j < rows.count; ++j) {
      rows.template fetch<Row::bytes(8 * Vectors)>(share * (i / (8 * Vectors) * rows.count + j));
      const std::byte* at = rows[j];
      __m256 row[Vectors];
      load<Vectors, Row>(at, rows.width, i, row);
      ASTERISM_UNROLL
      for (std::size_t q = 0; q < Queries; ++q) {
        const __m256 weight = _mm256_set1_ps(weights[q * stride + j]);
        ASTERISM_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) sum[q][v] = _mm256_fmadd_ps(weight, row[v], sum[q][v]);
      }
    }
    ASTERISM_UNROLL
    for (std::size_t q = 0; q < Queries; ++q) {
      ASTERISM_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) _mm256_storeu_ps(sums[q] + i + 8 * v, sum[q][v]);
    }
  }

  /// See PortableVector::exponentials.
  ASTERISM_AVX2 static __m256 exponential(__m256 t) {
    using Plain = PortableVector;
    t = _mm256_max_ps(_mm256_set1_ps(Plain::lowest), t);  // a NaN stays: max_ps returns the second operand then
    const __m256 k = _mm256_round_ps(_mm256_mul_ps(t, _mm256_set1_ps(Plain::log2_e)),
                                     _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m256 high = _mm256_fnmadd_ps(k, _mm256_set1_ps(Plain::ln2_high), t);
    const __m256 r = _mm256_fnmadd_ps(k, _mm256_set1_ps(Plain::ln2_low), high);
    __m256 y = _mm256_set1_ps(Plain::polynomial[0]);
    ASTERISM_UNROLL
    for (std::size_t c = 1; c < 6; ++c) y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(Plain::polynomial[c]));
    y = _mm256_add_ps(_mm256_fmadd_ps(y, _mm256_mul_ps(r, r), r), _mm256_set1_ps(1.0F));
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127));
    return _mm256_mul_ps(y, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
  }
};

}  // namespace asterism::simd

#endif
