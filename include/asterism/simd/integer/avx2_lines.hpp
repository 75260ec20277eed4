// Weights of a tile in AVX2 registers: how bytes are multiplied, with AVX2 alone or with AVX-VNNI, and lines of codes
// and scales as they are stored or unpacked.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/integer/avx2_scales.hpp"
#include "asterism/simd/integer/format.hpp"
#include "asterism/simd/integer/unpacked_tile.hpp"
#include "asterism/simd/target.hpp"
#include "asterism/simd/tuned.hpp"

namespace asterism::simd {

/// Products of bytes with AVX2. One factor has no sign, and 16 bits hold a pair of products only if that factor is
/// below 129: the weights' magnitudes, with their signs moved to the activations. Two's complement codes of 4 bits are
/// small enough to become unsigned, plus 8, and for eight pairs to be added before they are widened.
struct MultiplyAddPairs {
  template <class Q>
  static constexpr bool in_pairs =
      Q::KernelOrder::bits == 4 && twos_complement<Q>;  ///< sums of 32 stay in 16 bits
  template <class Q>
  static constexpr int offset = in_pairs<Q> ? 8 : 0;  ///< of the weights

  template <class Q>
  ASTERISM_AVX2 static __m256i add(__m256i sum, __m256i weights, __m256i magnitudes, __m256i x) {
    if constexpr (in_pairs<Q>) {
      return _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights, x));
    } else {
      return _mm256_add_epi32(sum, widened(_mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(x, weights))));
    }
  }
  ASTERISM_AVX2 static __m256i widened(__m256i pairs) { return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)); }
};

/// Dot products of four bytes with AVX-VNNI, whose weights have no sign.
struct DotProducts {
  template <class Q>
  static constexpr bool in_pairs = false;
  template <class Q>
  static constexpr int offset = Q::KernelOrder::bits == 4 && twos_complement<Q> ? 8 : 128;

  /// By its mnemonic: the rest of the function is AVX2's, and compilers inline no intrinsic of another target.
  template <class Q>
  ASTERISM_AVX2 static __m256i add(__m256i sum, __m256i weights, __m256i /*magnitudes*/, __m256i x) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(weights), "x"(x));
    return sum;
  }
  ASTERISM_AVX2 static __m256i widened(__m256i sums) { return sums; }
};

/// Codes and scales of 8 * Parts rows of a tile as they are stored, `columns` of them a line.
template <class Products, IntegerFormat Q, int Parts>
class StoredLines {
 public:
  static constexpr std::size_t columns = Q::KernelOrder::unit_columns;

  /// From row `first` and column c on.
  StoredLines(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of, std::uint64_t first,
              std::uint64_t c = 0)
      : StoredLines(quant::tiled_row(weights, first), scale_of, Q::KernelOrder::row_blocks(weights.cols), c) {}

  /// Four or eight columns of rows 8 * part ..., as integers plus the offset, four columns in each register.
  ASTERISM_AVX2 void load(int part, __m256i (&weights)[2]) const {
    constexpr int offset = Products::template offset<Q>;
    __m256i line = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes_) + part);
    if constexpr (Q::KernelOrder::bits == 8) {
      weights[0] = offset == 0 ? line : _mm256_xor_si256(line, _mm256_set1_epi8(-128));
    } else {
      if constexpr (offset == 8) line = _mm256_xor_si256(line, _mm256_set1_epi8(-120));
      const __m256i mask = _mm256_set1_epi8(15);
      __m256i low = _mm256_and_si256(line, mask);
      __m256i high = _mm256_and_si256(_mm256_srli_epi16(line, 4), mask);
      if constexpr (offset != 8) {
        const __m256i table =
            _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values.data())));
        low = _mm256_shuffle_epi8(table, low);
        high = _mm256_shuffle_epi8(table, high);
      }
      weights[0] = Q::first_in_high_nibble ? high : low;
      weights[1] = Q::first_in_high_nibble ? low : high;
    }
  }
  void advance() { codes_ += stride_; }
  void prefetch() const { __builtin_prefetch(codes_ + ahead_); }
  ASTERISM_AVX2 void next_scales(__m256 (&out)[Parts]) { scales_.next(out); }

 private:
  StoredLines(const quant::TiledRow& row, const typename Q::ScaleReader& scale_of, std::uint64_t blocks,
              std::uint64_t c)
      : codes_(row.codes + c / columns * row.stride),
        stride_(row.stride),
        scales_(scale_of, {.place = row.scale(c / Q::KernelOrder::block),
                           .first_block = row.first_block + c / Q::KernelOrder::block,
                           .row_blocks = blocks}) {}

  static constexpr std::array<std::uint8_t, 16> values = [] {
    std::array<std::uint8_t, 16> table{};
    if constexpr (Q::KernelOrder::bits == 4) {
      for (std::size_t i = 0; i < 16; ++i)
        table[i] = static_cast<std::uint8_t>(Q::integers[i] + Products::template offset<Q>);
    }
    return table;
  }();

  const std::byte* codes_;
  std::uint64_t stride_;
  std::size_t ahead_ = detail::codes_ahead.load(std::memory_order_relaxed);
  Avx2Scales<typename Q::ScaleReader, Parts> scales_;
};

/// The same of an UnpackedTile, eight rows of it.
class UnpackedLines {
 public:
  static constexpr std::size_t columns = 4;

  UnpackedLines(const UnpackedTile& tile, std::size_t part)
      : codes_(tile.codes + 32 * part), scales_(tile.scales + 8 * part) {}

  ASTERISM_AVX2 void load(int /*part*/, __m256i (&weights)[2]) const {
    weights[0] = _mm256_load_si256(reinterpret_cast<const __m256i*>(codes_));
  }
  void advance() { codes_ += 4 * quant::tile_rows; }
  void prefetch() const {}
  ASTERISM_AVX2 void next_scales(__m256 (&out)[1]) {
    out[0] = _mm256_load_ps(scales_);
    scales_ += quant::tile_rows;
  }

 private:
  const std::byte* codes_;
  const float* scales_;
};

}  // namespace asterism::simd

#endif
