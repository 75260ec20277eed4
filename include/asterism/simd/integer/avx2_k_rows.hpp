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
/// once for up to sixteen rows of activations.
struct Avx2KRows {
  template <std::size_t Group, KnownKBlocks Q>
  static void multiply(quant::KernelMatrixRef<Q> weights, std::size_t first, std::size_t end, const Rows8& x,
                       MatrixView<float> y) {
    for (std::size_t o = first; o < end; ++o) {
      for (std::size_t r = 0; r < x.rows; r += most_rows) {
        const std::size_t rows = x.rows - r < most_rows ? x.rows - r : most_rows;
        multiply_rows<Group>(weights, o, x.rows_at(r, rows), y.rows_at(r, rows));
      }
    }
  }

 private:
  static constexpr std::size_t most_rows = 16;
  static constexpr int cells = 8;  ///< of a block

  /// A block's cells as bytes with what makes sums of pairs sums of four times a scale.
  struct Block {
    __m256i codes[cells];
    __m256i scales[cells];  ///< 16 bits
    __m256 minima;
    __m256 scale;
    __m256 minimum;
  };

  /// Of Q4_K and Q5_K.
  template <class Q>
  ASTERISM_AVX2 static void unpack(Q format, const std::uint8_t* block, Block& out) {
    const quant::detail::KScales all(block + 4);
    Avx2KBlocks::codes(format, block, out.codes);
    const __m256i scales =
        _mm256_broadcastsi128_si256(_mm_cvtepu8_epi16(_mm_cvtsi64_si128(static_cast<long long>(all.scales))));
    ASTERISM_UNROLL
    for (int c = 0; c < cells; ++c) {
      out.scales[c] =
          _mm256_shuffle_epi8(scales, _mm256_set1_epi16(static_cast<std::int16_t>(0x0100 + 0x0202 * c)));
    }
    out.minima = Avx2KBlocks::floats(all.minima);
    out.scale = _mm256_set1_ps(quant::detail::half_at(block));
    out.minimum = _mm256_set1_ps(quant::detail::half_at(block + 2));
  }

  ASTERISM_AVX2 static void unpack(quant::Q6_K format, const std::uint8_t* block, Block& out) {
    Avx2KBlocks::codes(format, block, out.codes);
    const __m256i all = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 192)));
    // The scales of a cell's halves are neighbours; each goes to one half of the register.
    const __m256i scales[2] = {_mm256_permute2x128_si256(all, all, 0x00),
                               _mm256_permute2x128_si256(all, all, 0x11)};
    const __m256i second = _mm256_setr_epi64x(0, 0, 0x0202020202020202, 0x0202020202020202);
    ASTERISM_UNROLL
    for (int c = 0; c < cells; ++c) {
      const __m256i first = _mm256_set1_epi16(static_cast<std::int16_t>(0x0100 + 0x0404 * (c % 4)));
      out.scales[c] = _mm256_shuffle_epi8(scales[c / 4], _mm256_add_epi8(first, second));
    }
    out.scale = _mm256_set1_ps(quant::detail::half_at(block + 208));
  }

  /// Sums of pairs of products, in 16 bits.
  template <class Q>
  ASTERISM_AVX2 static __m256i pairs(Q /*format*/, __m256i codes, __m256i x) {
    return _mm256_maddubs_epi16(codes, x);
  }
  /// One factor has no sign: the codes' magnitudes, at most 32, with their signs moved to the activations.
  ASTERISM_AVX2 static __m256i pairs(quant::Q6_K /*format*/, __m256i codes, __m256i x) {
    return _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(x, codes));
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

  template <std::size_t Group, class Q>
  ASTERISM_AVX2 static void multiply_rows(quant::KernelMatrixRef<Q> weights, std::size_t o, const Rows8& x,
                                          MatrixView<float> y) {
    constexpr bool has_minima = KBlockOf<Q>::has_minima;
    const std::uint64_t blocks = weights.cols / Q::block;
    const auto* block = reinterpret_cast<const std::uint8_t*>(weights.data) + o * blocks * Q::block_bytes;
    const std::size_t groups = x.groups();
    __m256 sums[most_rows];
    __m256 less[most_rows];
    for (std::size_t r = 0; r < x.rows; ++r) sums[r] = less[r] = _mm256_setzero_ps();
    Block unpacked;
    for (std::size_t cell = 0; cell < blocks * cells; cell += cells, block += Q::block_bytes) {
      __builtin_prefetch(block + 1024);
      __builtin_prefetch(block + 1088);
      __builtin_prefetch(block + 1152);
      unpack(Q(), block, unpacked);
      for (std::size_t r = 0; r < x.rows; ++r) {
        const std::int8_t* activations = x.codes + r * x.cols + cell * Rows8::unit;
        const float* scales = x.scales + r * groups;
        __m256 of_block = _mm256_setzero_ps();
        ASTERISM_UNROLL
        for (std::size_t c = 0; c < cells; ++c) {
          const __m256i eight =
              _mm256_loadu_si256(reinterpret_cast<const __m256i*>(activations + c * Rows8::unit));
          const __m256i fours = _mm256_madd_epi16(pairs(Q(), unpacked.codes[c], eight), unpacked.scales[c]);
          const __m256 row_scale = _mm256_set1_ps(scales[(cell + c) * Rows8::unit / Group]);
          of_block = _mm256_fmadd_ps(_mm256_cvtepi32_ps(fours), row_scale, of_block);
        }
        sums[r] = _mm256_fmadd_ps(of_block, unpacked.scale, sums[r]);
        if constexpr (has_minima) {
          const __m256 exact = _mm256_mul_ps(unpacked.minima, _mm256_loadu_ps(x.sums + r * x.cells() + cell));
          const __m256 scaled = _mm256_mul_ps(exact, row_scales<Group>(scales, cell));
          less[r] = _mm256_fmadd_ps(scaled, unpacked.minimum, less[r]);
        }
      }
    }
    for (std::size_t r = 0; r < x.rows; ++r) {
      y(r, o) = sum(has_minima ? _mm256_sub_ps(sums[r], less[r]) : sums[r]);
    }
  }
};

}  // namespace asterism::simd

#endif
