// Loads rows of keys and values into registers, for processors with AVX-512; see avx512_vector.hpp.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/target.hpp"

#if !defined(__clang__)  // g++ 12 warns about the undefined registers of its own intrinsics
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace asterism::simd {

/// What the kernels of Level::avx512 read rows with.
struct Avx512StoredRow {
  template <class Row>
  ASTERISM_AVX512 static void widen(StoredRows<Row> rows, float* out) {
    for (std::size_t j = 0; j < rows.count; ++j) {
      const std::byte* row = rows[j];
      std::size_t i = 0;
      for (; i + 32 <= rows.width; i += 32) {
        __m512 values[2];
        load<2, Row>(row, rows.width, i, values);
        _mm512_storeu_ps(out + i, values[0]);
        _mm512_storeu_ps(out + i + 16, values[1]);
      }
      Row::values(row, rows.width, i, rows.width - i, out + i);
      out += rows.width;
    }
  }

  /// All bits set in the first `count` of sixteen lanes.
  static __mmask16 lanes(std::size_t count) {
    return static_cast<__mmask16>(count >= 16 ? 0xFFFFU : (1U << count) - 1U);
  }

  /// The 16 * Vectors values from the i-th on, i a multiple of as many.
  template <std::size_t Vectors, class Row>
  ASTERISM_AVX512 static void load(const std::byte* row, std::size_t n, std::size_t i, __m512* out) {
    if constexpr (Row::one_scale(16)) return load_vectors<Vectors>(Row{}, row, n, i, out);
    for (std::size_t v = 0; v < Vectors; ++v) out[v] = load_part<Row>(row, n, i + 16 * v, 16);
  }
  template <std::size_t Vectors>
  ASTERISM_AVX512 static void load_vectors(Float32Row /*row*/, const std::byte* row, std::size_t /*n*/,
                                           std::size_t i, __m512* out) {
    ASTERISM_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) out[v] = _mm512_loadu_ps(row + (i + 16 * v) * sizeof(float));
  }
  template <std::size_t Vectors>
  ASTERISM_AVX512 static void load_vectors(Float16Row /*row*/, const std::byte* row, std::size_t /*n*/,
                                           std::size_t i, __m512* out) {
    const auto* halves = reinterpret_cast<const __m256i*>(row + i * sizeof(std::uint16_t));
    ASTERISM_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) out[v] = _mm512_cvtph_ps(_mm256_loadu_si256(halves + v));
  }
  template <std::size_t Vectors, int Group>
  ASTERISM_AVX512 static void load_vectors(Int8Row<Group> format, const std::byte* row, std::size_t n,
                                           std::size_t i, __m512* out) {
    constexpr std::size_t width = 16 * Vectors;
    constexpr std::size_t with_one_scale = width % Group == 0 ? Group : format.one_scale(width) ? width : 16;
    const auto* codes = reinterpret_cast<const __m128i*>(row + i);
    __m512 scale = _mm512_setzero_ps();
    ASTERISM_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
      if (16 * v % with_one_scale == 0) {
        const __m128i bits = _mm_cvtsi32_si128(format.scale_bits(row, n, i + 16 * v));
        scale = _mm512_broadcastss_ps(_mm_cvtph_ps(bits));
      }
      out[v] = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(codes + v))), scale);
    }
  }
  /// The `count` values from the i-th on, then zeros; count <= 16.
  template <class Row>
  __attribute__((noinline)) ASTERISM_AVX512 static __m512 load_part(const std::byte* row, std::size_t n,
                                                                    std::size_t i, std::size_t count) {
    __m512 all;
    if (Row::one_scale(16) && count == 16) {
      load<1, Row>(row, n, i, &all);
      return all;
    }
    float values[16] = {};
    Row::values(row, n, i, count, values);
    return _mm512_loadu_ps(values);
  }
};

}  // namespace asterism::simd

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
