// Exact sums over 32 columns with NEON, by its three kinds of instructions: the inner loops of NeonTiles.
#pragma once

#if defined(__aarch64__)

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// A cache line: four bytes of codes of each row of a tile.
inline constexpr std::size_t tile_line = 4 * quant::tile_rows;

/// The bytes of eight columns of a tile.
template <class Q>
inline constexpr std::size_t eight_columns = tile_line * 8 / Q::KernelOrder::unit_columns;

/// Eight columns of 4 * Vectors rows of a tile as integers: register v of `first` and of `second` holds four rows with
/// four columns each, which are multiplied with the first and with the second four of eight activations.
template <int Vectors>
struct NeonColumns {
  int8x16_t first[Vectors];
  int8x16_t second[Vectors];

  template <class Q>
  __attribute__((always_inline)) static NeonColumns load(const std::byte* codes) {
    NeonColumns out;
    const auto* at = reinterpret_cast<const std::int8_t*>(codes);
    if constexpr (Q::KernelOrder::bits == 8) {
      ASTERISM_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        out.first[v] = vld1q_s8(at + 16 * v);
        out.second[v] = vld1q_s8(at + tile_line + 16 * v);
      }
    } else {
      const int8x16_t table = vld1q_s8(Q::integers.data());
      ASTERISM_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        const uint8x16_t two = vreinterpretq_u8_s8(vld1q_s8(at + 16 * v));
        const int8x16_t low = vqtbl1q_s8(table, vandq_u8(two, vdupq_n_u8(15)));
        const int8x16_t high = vqtbl1q_s8(table, vshrq_n_u8(two, 4));
        out.first[v] = Q::first_in_high_nibble ? high : low;
        out.second[v] = Q::first_in_high_nibble ? low : high;
      }
    }
    return out;
  }
};

/// What the three kinds have in common:
/// - `most_rows`: rows of the input at a time, a power of two.
/// - `vectors<Rows>`: four rows of weights each, of which that many fit into registers beside Rows rows of the input.
/// - `add<Rows, Q>(codes, x, stride, sums)`: adds the products of 32 columns; the rows of x lie `stride` apart.
///
/// Level::neon: products of 16 bits, added up in 16 bits while they fit, then in 32.
struct NeonPairs {
  static constexpr int most_rows = 2;
  template <int Rows>
  static constexpr int vectors = 4 / Rows;

  template <int Rows, class Q, int Vectors>
  __attribute__((always_inline)) static void add(const std::byte* codes, const std::int8_t* x, std::size_t stride,
                                                 int32x4_t (&sums)[Rows][Vectors]) {
    int32x4_t low[Rows][Vectors];  // the first two rows of a register, two sums each
    int32x4_t high[Rows][Vectors];
    int16x8_t low_products[Rows][Vectors];
    int16x8_t high_products[Rows][Vectors];
    ASTERISM_UNROLL
    for (std::size_t part = 0; part < 4; ++part) {
      const auto w = NeonColumns<Vectors>::template load<Q>(codes + part * eight_columns<Q>);
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        const int32x2_t eight = vreinterpret_s32_s8(vld1_s8(x + static_cast<std::size_t>(r) * stride + 8 * part));
        const int8x16_t a = vreinterpretq_s8_s32(vdupq_lane_s32(eight, 0));
        const int8x16_t b = vreinterpretq_s8_s32(vdupq_lane_s32(eight, 1));
        ASTERISM_UNROLL
        for (int v = 0; v < Vectors; ++v) {
          int16x8_t& l = low_products[r][v];
          int16x8_t& h = high_products[r][v];
          l = part % together<Q> == 0 ? vmull_s8(vget_low_s8(w.first[v]), vget_low_s8(a))
                                      : vmlal_s8(l, vget_low_s8(w.first[v]), vget_low_s8(a));
          h = part % together<Q> == 0 ? vmull_high_s8(w.first[v], a) : vmlal_high_s8(h, w.first[v], a);
          l = vmlal_s8(l, vget_low_s8(w.second[v]), vget_low_s8(b));
          h = vmlal_high_s8(h, w.second[v], b);
          if (part % together<Q> == together<Q> - 1) {
            low[r][v] = part < together<Q> ? vpaddlq_s16(l) : vpadalq_s16(low[r][v], l);
            high[r][v] = part < together<Q> ? vpaddlq_s16(h) : vpadalq_s16(high[r][v], h);
          }
        }
      }
    }
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int v = 0; v < Vectors; ++v) sums[r][v] = vaddq_s32(sums[r][v], vpaddq_s32(low[r][v], high[r][v]));
    }
  }

 private:
  /// The largest magnitude of an integer of format Q; -128 never meets more than one other product.
  template <class Q>
  static constexpr int largest = [] {
    int most = 127;
    if constexpr (Q::KernelOrder::bits == 4) {
      most = 0;
      for (const std::int8_t code : Q::integers) most = std::max(most, code < 0 ? -int{code} : int{code});
    }
    return most;
  }();
  /// How many times eight columns, two products for each sum of 16 bits, fit there.
  template <class Q>
  static constexpr std::size_t together = largest<Q> * 127 * 8 <= 32767 ? 4 : 1;
};

/// Level::dotprod: sums of four products.
struct NeonDots {
  static constexpr int most_rows = 4;
  template <int Rows>
  static constexpr int vectors = Rows <= 2 ? 4 : 2;

  template <int Rows, class Q, int Vectors>
  __attribute__((always_inline)) static void add(const std::byte* codes, const std::int8_t* x, std::size_t stride,
                                                 int32x4_t (&sums)[Rows][Vectors]) {
    ASTERISM_UNROLL
    for (std::size_t half = 0; half < 2; ++half, x += 16) {
      int8x16_t sixteen[Rows];
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) sixteen[r] = vld1q_s8(x + static_cast<std::size_t>(r) * stride);
      add_eight<0, Rows, Q>(codes, sixteen, sums);
      codes += eight_columns<Q>;
      add_eight<2, Rows, Q>(codes, sixteen, sums);
      codes += eight_columns<Q>;
    }
  }

 private:
  /// Eight columns, times the activations 4 * Lane ... 4 * Lane + 7 of sixteen.
  template <int Lane, int Rows, class Q, int Vectors>
  __attribute__((always_inline)) static void add_eight(const std::byte* codes, const int8x16_t (&x)[Rows],
                                                       int32x4_t (&sums)[Rows][Vectors]) {
    const auto w = NeonColumns<Vectors>::template load<Q>(codes);
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int v = 0; v < Vectors; ++v) sums[r][v] = dot<Lane>(sums[r][v], w.first[v], x[r]);
      ASTERISM_UNROLL
      for (int v = 0; v < Vectors; ++v) sums[r][v] = dot<Lane + 1>(sums[r][v], w.second[v], x[r]);
    }
  }

  /// vdotq_laneq_s32, which arm_neon.h gives only to functions compiled for it, and that of clang before 16 only to
  /// whole sources.
  template <int Lane>
  __attribute__((always_inline)) static int32x4_t dot(int32x4_t sum, int8x16_t weights, int8x16_t x) {
    __asm__("sdot %0.4s, %1.16b, %2.4b[%3]" : "+w"(sum) : "w"(weights), "w"(x), "i"(Lane));
    return sum;
  }
};

/// Level::i8mm: two rows of weights times two of the input, eight columns each; a single row by dot products.
struct NeonMatrices {
  static constexpr int most_rows = 4;
  template <int Rows>
  static constexpr int vectors = Rows <= 2 ? 4 : 2;

  template <int Rows, class Q, int Vectors>
  __attribute__((always_inline)) static void add(const std::byte* codes, const std::int8_t* x, std::size_t stride,
                                                 int32x4_t (&sums)[Rows][Vectors]) {
    if constexpr (Rows == 1) {
      NeonDots::add<Rows, Q>(codes, x, stride, sums);
    } else {
      int32x4_t low[Rows / 2][Vectors];  // two rows of weights, each with both rows of the input
      int32x4_t high[Rows / 2][Vectors];
      ASTERISM_UNROLL
      for (int r = 0; r < Rows / 2; ++r) {
        ASTERISM_UNROLL
        for (int v = 0; v < Vectors; ++v) low[r][v] = high[r][v] = vdupq_n_s32(0);
      }
      ASTERISM_UNROLL
      for (std::size_t half = 0; half < 2; ++half, x += 16) {
        int64x2_t pairs[2][Rows / 2];  // eight columns of two rows of the input
        ASTERISM_UNROLL
        for (int r = 0; r < Rows / 2; ++r) {
          const std::int8_t* at = x + static_cast<std::size_t>(2 * r) * stride;
          const int64x2_t first = vreinterpretq_s64_s8(vld1q_s8(at));
          const int64x2_t second = vreinterpretq_s64_s8(vld1q_s8(at + stride));
          pairs[0][r] = vzip1q_s64(first, second);
          pairs[1][r] = vzip2q_s64(first, second);
        }
        ASTERISM_UNROLL
        for (std::size_t part = 0; part < 2; ++part, codes += eight_columns<Q>) {
          const auto w = NeonColumns<Vectors>::template load<Q>(codes);
          ASTERISM_UNROLL
          for (int v = 0; v < Vectors; ++v) {
            const int32x4_t first = vreinterpretq_s32_s8(w.first[v]);
            const int32x4_t second = vreinterpretq_s32_s8(w.second[v]);
            const int8x16_t lower = vreinterpretq_s8_s32(vzip1q_s32(first, second));
            const int8x16_t upper = vreinterpretq_s8_s32(vzip2q_s32(first, second));
            ASTERISM_UNROLL
            for (int r = 0; r < Rows / 2; ++r) {
              const int8x16_t pair = vreinterpretq_s8_s64(pairs[part][r]);
              low[r][v] = multiply(low[r][v], lower, pair);
              high[r][v] = multiply(high[r][v], upper, pair);
            }
          }
        }
      }
      ASTERISM_UNROLL
      for (int r = 0; r < Rows / 2; ++r) {
        ASTERISM_UNROLL
        for (int v = 0; v < Vectors; ++v) {
          sums[2 * r][v] = vaddq_s32(sums[2 * r][v], vuzp1q_s32(low[r][v], high[r][v]));
          sums[2 * r + 1][v] = vaddq_s32(sums[2 * r + 1][v], vuzp2q_s32(low[r][v], high[r][v]));
        }
      }
    }
  }

 private:
  /// vmmlaq_s32; see NeonDots::dot.
  __attribute__((always_inline)) static int32x4_t multiply(int32x4_t sum, int8x16_t weights, int8x16_t x) {
    __asm__("smmla %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(weights), "w"(x));
    return sum;
  }
};

}  // namespace asterism::simd

#endif
