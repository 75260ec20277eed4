// Loads rows of keys and values into registers, for processors with AVX2, FMA and F16C; see avx2_vector.hpp.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// Row loads of Level::avx2.
struct Avx2StoredRow {
  template <class Row>
  ASTERISM_AVX2 static void widen(StoredRows<Row> rows, float* out) {
    for (std::size_t j = 0; j < rows.count; ++j) {
      const std::byte* row = rows[j];
      std::size_t i = 0;
      for (; i + 32 <= rows.width; i += 32) {
        __m256 values[4];
        load<4, Row>(row, rows.width, i, values);
        ASTERISM_UNROLL
        for (std::size_t v = 0; v < 4; ++v) _mm256_storeu_ps(out + i + 8 * v, values[v]);
      }
      Row::values(row, rows.width, i, rows.width - i, out + i);
      out += rows.width;
    }
  }

  /// All bits set in the first `count` of eight lanes.
  ASTERISM_AVX2 static __m256i lanes(std::size_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count < 8 ? count : 8)), lane);
  }

  /// The 8 * Vectors values from the i-th on, i a multiple of 8 * Vectors.
  template <std::size_t Vectors, class Row>
  ASTERISM_AVX2 static void load(const std::byte* row, std::size_t n, std::size_t i, __m256* out) {
    if constexpr (Row::one_scale(8)) return load_vectors<Vectors>(Row{}, row, n, i, out);
    for (std::size_t v = 0; v < Vectors; ++v) out[v] = load_part<Row>(row, n, i + 8 * v, 8);
  }
  template <std::size_t Vectors>
  ASTERISM_AVX2 static void load_vectors(Float32Row /*row*/, const std::byte* row, std::size_t /*n*/,
                                         std::size_t i, __m256* out) {
    const auto* values = reinterpret_cast<const float*>(row + i * sizeof(float));
    ASTERISM_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) out[v] = _mm256_loadu_ps(values + 8 * v);
  }
  template <std::size_t Vectors>
  ASTERISM_AVX2 static void load_vectors(Float16Row /*row*/, const std::byte* row, std::size_t /*n*/,
                                         std::size_t i, __m256* out) {
    const auto* halves = reinterpret_cast<const __m128i*>(row + i * sizeof(std::uint16_t));
    ASTERISM_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) out[v] = _mm256_cvtph_ps(_mm_loadu_si128(halves + v));
  }
  template <std::size_t Vectors, int Group>
  ASTERISM_AVX2 static void load_vectors(Int8Row<Group> format, const std::byte* row, std::size_t n, std::size_t i,
                                         __m256* out) {
    constexpr std::size_t width = 8 * Vectors;
    constexpr std::size_t with_one_scale = width % Group == 0 ? Group : format.one_scale(width) ? width : 8;
    __m256 scale = _mm256_setzero_ps();
    ASTERISM_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
      if (8 * v % with_one_scale == 0) {
        const __m128i bits = _mm_cvtsi32_si128(format.scale_bits(row, n, i + 8 * v));
        scale = _mm256_broadcastss_ps(_mm_cvtph_ps(bits));
      }
      const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + i + 8 * v));
      out[v] = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes)), scale);
    }
  }
  /// The `count` values from the i-th on, then zeros; count <= 8.
  template <class Row>
  __attribute__((noinline)) ASTERISM_AVX2 static __m256 load_part(const std::byte* row, std::size_t n,
                                                                  std::size_t i, std::size_t count) {
    __m256 all;
    if (Row::one_scale(8) && count == 8) {
      load<1, Row>(row, n, i, &all);
      return all;
    }
    float values[8] = {};
    Row::values(row, n, i, count, values);
    return _mm256_loadu_ps(values);
  }
};

}  // namespace asterism::simd

#endif
