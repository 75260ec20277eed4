// Integer products of 8-bit activations with ggml's blocks of 256, for processors with AVX2 and FMA.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/core/view.hpp"
#include "asterism/quant/ggml_k_blocks.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/format.hpp"
#include "asterism/simd/integer/portable_k_rows.hpp"
#include "asterism/simd/product/avx2_k_blocks.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// Four columns in each lane of a register, eight lanes a cell; see PortableKRows for the order. A block is unpacked
/// once for up to four rows of activations.
struct Avx2KRows {
  template <std::size_t Group, IntegerKFormat Q>
  static void multiply(quant::KernelMatrixRef<Q> weights, std::size_t first, std::size_t end, const Rows8& x,
                       MatrixView<float> y) {
    for (std::size_t o = first; o < end; ++o) {
      std::size_t r = 0;
      for (; x.rows - r >= 4; r += 4) multiply_rows<4, Group>(weights, o, x.rows_at(r, 4), y, r);
      if (x.rows - r >= 2) multiply_rows<2, Group>(weights, o, x.rows_at(r, 2), y, r), r += 2;
      if (x.rows > r) multiply_rows<1, Group>(weights, o, x.rows_at(r, 1), y, r);
    }
  }

 private:
  static constexpr int cells = 8;  ///< of a block

  /// A block's cells as bytes with what makes sums of pairs sums of four times a scale.
  struct Cells {
    __m256i codes[cells];
    __m256i scales[cells];  ///< 16 bits
  };

  ASTERISM_AVX2 static Cells unpack(quant::Q4_K /*format*/, const std::uint8_t* block) {
    Cells out;
    ASTERISM_UNROLL
    for (int k = 0; k < 4; ++k) {
      __m256i codes[2];
      Avx2KBlocks::codes(block, k, codes);
      ASTERISM_UNROLL
      for (int i = 0; i < 2; ++i) {
        out.codes[2 * k + i] = codes[i];
        out.scales[2 * k + i] =
            _mm256_set1_epi16(static_cast<std::int16_t>(quant::detail::k_scale(block + 4, 2 * k + i)));
      }
    }
    return out;
  }

  ASTERISM_AVX2 static Cells unpack(quant::Q6_K /*format*/, const std::uint8_t* block) {
    Cells out;
    const __m256i scales = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 192)));
    alignas(32) std::int16_t values[16];
    _mm256_store_si256(reinterpret_cast<__m256i*>(values), scales);
    ASTERISM_UNROLL
    for (int half = 0; half < 2; ++half) {
      __m256i codes[4];
      Avx2KBlocks::codes(block, half, codes);
      ASTERISM_UNROLL
      for (int i = 0; i < 4; ++i) {
        const int cell = 4 * half + i;
        out.codes[cell] = codes[i];
        out.scales[cell] =
            _mm256_setr_m128i(_mm_set1_epi16(values[2 * cell]), _mm_set1_epi16(values[2 * cell + 1]));
      }
    }
    return out;
  }

  /// Sums of pairs of products, in 16 bits.
  ASTERISM_AVX2 static __m256i pairs(quant::Q4_K /*format*/, __m256i codes, __m256i x) {
    return _mm256_maddubs_epi16(codes, x);
  }
  /// One factor has no sign: the codes' magnitudes, at most 32, with their signs moved to the activations.
  ASTERISM_AVX2 static __m256i pairs(quant::Q6_K /*format*/, __m256i codes, __m256i x) {
    return _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(x, codes));
  }

  /// The eight minima of a block of Q4_K.
  ASTERISM_AVX2 static __m256 minima(const std::uint8_t* block) {
    alignas(32) float values[cells];
    for (int k = 0; k < cells; ++k) values[k] = static_cast<float>(quant::detail::k_minimum(block + 4, k));
    return _mm256_load_ps(values);
  }

  /// The scales of the activations of eight cells.
  template <std::size_t Group>
  ASTERISM_AVX2 static __m256 row_scales(const float* scales, std::size_t cell) {
    if constexpr (Group == Rows8::unit) return _mm256_loadu_ps(scales + cell);
    alignas(32) float values[cells];
    for (std::size_t k = 0; k < cells; ++k) values[k] = scales[(cell + k) * Rows8::unit / Group];
    return _mm256_load_ps(values);
  }

  ASTERISM_AVX2 static float sum(__m256 lanes) {
    const __m128 fours = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    const __m128 twos = _mm_add_ps(fours, _mm_movehl_ps(fours, fours));
    return _mm_cvtss_f32(_mm_add_ss(twos, _mm_movehdup_ps(twos)));
  }

  template <int Rows, std::size_t Group, class Q>
  ASTERISM_AVX2 static void multiply_rows(quant::KernelMatrixRef<Q> weights, std::size_t o, const Rows8& x,
                                          MatrixView<float> y, std::size_t r0) {
    constexpr bool has_minima = KBlockOf<Q>::has_minima;
    constexpr int scale_place = has_minima ? 0 : 208;
    const std::uint64_t blocks = weights.cols / Q::block;
    const auto* block = reinterpret_cast<const std::uint8_t*>(weights.data) + o * blocks * Q::block_bytes;
    const std::size_t groups = x.groups();
    __m256 sums[Rows];
    __m256 less[Rows];
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) sums[r] = less[r] = _mm256_setzero_ps();
    for (std::uint64_t b = 0; b < blocks; ++b, block += Q::block_bytes) {
      if constexpr (Rows == 1) {
        __builtin_prefetch(block + 1024);
        __builtin_prefetch(block + 1088);
        __builtin_prefetch(block + 1152);
      }
      const Cells unpacked = unpack(Q(), block);
      const __m256 scale = _mm256_set1_ps(quant::detail::half_at(block + scale_place));
      const std::size_t cell = static_cast<std::size_t>(b) * cells;
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        const auto row = static_cast<std::size_t>(r);
        const std::int8_t* activations = x.codes + row * x.cols + cell * Rows8::unit;
        const float* scales = x.scales + row * groups;
        __m256 of_block = _mm256_setzero_ps();
        ASTERISM_UNROLL
        for (int c = 0; c < cells; ++c) {
          const __m256i codes8 =
              _mm256_loadu_si256(reinterpret_cast<const __m256i*>(activations + static_cast<std::size_t>(c) * 32));
          const __m256i fours = _mm256_madd_epi16(pairs(Q(), unpacked.codes[c], codes8), unpacked.scales[c]);
          const float row_scale = scales[(cell + static_cast<std::size_t>(c)) * Rows8::unit / Group];
          of_block = _mm256_fmadd_ps(_mm256_cvtepi32_ps(fours), _mm256_set1_ps(row_scale), of_block);
        }
        sums[r] = _mm256_fmadd_ps(of_block, scale, sums[r]);
        if constexpr (has_minima) {
          const __m256 exact = _mm256_mul_ps(minima(block), _mm256_loadu_ps(x.sums + row * x.cells() + cell));
          __m256 scaled = _mm256_mul_ps(exact, row_scales<Group>(scales, cell));
          less[r] = _mm256_fmadd_ps(scaled, _mm256_set1_ps(quant::detail::half_at(block + 2)), less[r]);
        }
      }
    }
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      y(r0 + static_cast<std::size_t>(r), o) = sum(has_minima ? _mm256_sub_ps(sums[r], less[r]) : sums[r]);
    }
  }
};

}  // namespace asterism::simd

#endif
