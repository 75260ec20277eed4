// Blockwise formats with AVX2, FMA and F16C: decodes stored codes and scales to weights in registers.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

#include "asterism/quant/concept.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/nf4_block.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/simd/product/known_formats.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// 64 consecutive weights at a time, in two steps: `piece` finds their codes and scales, `weights<Half>` makes 32
/// weights of them. Every value is the one that the format's own `decode` gives, to the bit. A piece starts at a
/// multiple of 64, so that it is whole blocks or a part of one.
struct Avx2Blocks {
  /// 32 weights in order.
  struct FourVectors {
    __m256 values[4];
  };

  struct Nf4Piece {
    __m256i codes[2];  ///< 32 codes each, as `split_codes` orders them
    float scales[2];
  };

  template <int Bits>
  struct IntegerPiece {
    const std::byte* codes = nullptr;  ///< units of 4 bytes
    std::uint64_t stride = 0;
    float scales[4];  ///< of 16 weights each
  };

  /// The piece of a row from column c on.
  template <class Q>
  ASTERISM_AVX2 static auto piece(const quant::TiledRow& row, const typename Q::ScaleReader& scale_of,
                                  std::uint64_t c) {
    using Order = typename Q::KernelOrder;
    const std::byte* codes = row.codes + c / Order::unit_columns * row.stride;
    prefetch(codes);
    const auto scale = [&](std::uint64_t column) {
      const std::uint64_t b = column / Order::block;
      return scale_of.at(row.scale(b), row.first_block + b);
    };
    if constexpr (std::same_as<typename Q::Codes, quant::Nf4Codes>) {
      Nf4Piece out;
      split_codes(eight_units(codes, row.stride), out.codes[0], out.codes[1]);
      out.scales[0] = scale(c);
      out.scales[1] = Order::block >= 64 ? out.scales[0] : scale(c + 32);
      return out;
    } else {
      IntegerPiece<Order::bits> out;
      out.codes = codes;
      out.stride = row.stride;
      for (std::uint64_t i = 0; i < 4; ++i) {
        out.scales[i] = i * 16 % Order::block == 0 ? scale(c + 16 * i) : out.scales[i - 1];
      }
      return out;
    }
  }

  template <int Half>
  ASTERISM_AVX2 static FourVectors weights(const Nf4Piece& piece) {
    return lookup(piece.codes[Half], piece.scales[Half]);
  }

  template <int Half, int Bits>
  ASTERISM_AVX2 static FourVectors weights(const IntegerPiece<Bits>& piece) {
    FourVectors out;
    ASTERISM_UNROLL
    for (int j = 0; j < 4; ++j) {
      const int at = 32 * Half + 8 * j;
      const float scale = piece.scales[at / 16];
      const std::byte* codes = piece.codes + static_cast<std::uint64_t>(at * Bits / 32) * piece.stride;
      out.values[j] = Bits == 8 ? _mm256_mul_ps(eight_bytes(codes, piece.stride), _mm256_set1_ps(scale))
                                : _mm256_mul_ps(eight_nibbles(codes), _mm256_set1_ps(scale * 0x1p-28F));
    }
    return out;
  }

  /// Block b of a row of a KnownTable: 32 weights to `out`.
  template <class Q>
  ASTERISM_AVX2 static void table_block(const quant::TiledRow& row, const typename Q::ScaleReader& scale_of,
                                        std::uint64_t b, float* out) {
    const std::byte* at = row.codes + b * 4 * row.stride;
    prefetch(at);
    const __m128i bytes =
        _mm_setr_epi32(unit(at), unit(at + row.stride), unit(at + 2 * row.stride), unit(at + 3 * row.stride));
    const __m128i table = _mm_loadu_si128(reinterpret_cast<const __m128i*>(Q::integers.data()));
    const __m128i mask = _mm_set1_epi8(15);
    const __m128i even = _mm_shuffle_epi8(table, _mm_and_si128(bytes, mask));
    const __m128i odd = _mm_shuffle_epi8(table, _mm_and_si128(_mm_srli_epi16(bytes, 4), mask));
    const __m128i halves[2] = {_mm_unpacklo_epi8(even, odd), _mm_unpackhi_epi8(even, odd)};
    const __m256 scale = _mm256_set1_ps(scale_of.at(row.scale(b), row.first_block + b));
    ASTERISM_UNROLL
    for (int j = 0; j < 4; ++j) {
      const __m128i eight = j % 2 == 0 ? halves[j / 2] : _mm_srli_si128(halves[j / 2], 8);
      _mm256_storeu_ps(out + 8 * j, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight)), scale));
    }
  }

  /// Weights are read from memory once and in order; hardware alone doesn't prefetch far enough ahead.
  static void prefetch(const std::byte* at) { __builtin_prefetch(at + 2048); }

 private:
  static std::int32_t unit(const std::byte* at) {
    std::int32_t bytes = 0;
    std::memcpy(&bytes, at, 4);
    return bytes;
  }

  /// Eight units that lie `stride` apart, 64 codes.
  ASTERISM_AVX2 static __m256i eight_units(const std::byte* in, std::uint64_t stride) {
    return _mm256_setr_epi32(unit(in), unit(in + stride), unit(in + 2 * stride), unit(in + 3 * stride),
                             unit(in + 4 * stride), unit(in + 5 * stride), unit(in + 6 * stride),
                             unit(in + 7 * stride));
  }

  ASTERISM_AVX2 static __m256 eight_bytes(const std::byte* in, std::uint64_t stride) {
    const __m128i codes = _mm_setr_epi32(unit(in), unit(in + stride), 0, 0);
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes));
  }

  /// Eight codes of 4 bits times 2^28: each lane shifts its own nibble to the top, where the sign is, and clears
  /// the others. No shuffle, and exact.
  ASTERISM_AVX2 static __m256 eight_nibbles(const std::byte* in) {
    const __m256i to_the_top = _mm256_setr_epi32(28, 24, 20, 16, 12, 8, 4, 0);
    const __m256i shifted = _mm256_sllv_epi32(_mm256_set1_epi32(unit(in)), to_the_top);
    return _mm256_cvtepi32_ps(_mm256_and_si256(shifted, _mm256_set1_epi32(-(1 << 28))));
  }

  /// 64 codes (32 bytes) as bytes: columns 0 ... 31 in the first register, 32 ... 63 in the second; in each of
  /// them columns 8j ... 8j + 3 in the lower half and 8j + 4 ... 8j + 7 in the upper one, because `lookup` zips
  /// halves.
  ASTERISM_AVX2 static void split_codes(__m256i bytes, __m256i& first, __m256i& second) {
    const __m256i every_other_pair = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15,  //
                                                      0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
    const __m256i low_bits = _mm256_set1_epi8(15);
    bytes = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(bytes, every_other_pair), 0xD8);
    const __m256i even = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_bits);
    const __m256i odd = _mm256_and_si256(bytes, low_bits);
    first = _mm256_unpacklo_epi8(even, odd);
    second = _mm256_unpackhi_epi8(even, odd);
  }

  /// 32 codes of `split_codes` to 32 weights in order. Looks the four bytes of the table's values up one by one
  /// (`pshufb` has sixteen entries, `vpermps` only eight) and zips them together: 3.9 shuffles for 8 weights, on
  /// two ports of most processors.
  ASTERISM_AVX2 static FourVectors lookup(__m256i codes, float scale) {
    const __m256i byte0 = _mm256_shuffle_epi8(table_byte(0), codes);
    const __m256i byte1 = _mm256_shuffle_epi8(table_byte(1), codes);
    const __m256i byte2 = _mm256_shuffle_epi8(table_byte(2), codes);
    const __m256i byte3 = _mm256_shuffle_epi8(table_byte(3), codes);
    const __m256i lower0 = _mm256_unpacklo_epi8(byte0, byte1);
    const __m256i lower1 = _mm256_unpackhi_epi8(byte0, byte1);
    const __m256i upper0 = _mm256_unpacklo_epi8(byte2, byte3);
    const __m256i upper1 = _mm256_unpackhi_epi8(byte2, byte3);
    const __m256 factor = _mm256_set1_ps(scale);
    return {{_mm256_mul_ps(_mm256_castsi256_ps(_mm256_unpacklo_epi16(lower0, upper0)), factor),
             _mm256_mul_ps(_mm256_castsi256_ps(_mm256_unpackhi_epi16(lower0, upper0)), factor),
             _mm256_mul_ps(_mm256_castsi256_ps(_mm256_unpacklo_epi16(lower1, upper1)), factor),
             _mm256_mul_ps(_mm256_castsi256_ps(_mm256_unpackhi_epi16(lower1, upper1)), factor)}};
  }

  /// Byte b of the sixteen float32 values of NF4's table, for b = 0, 1, 2, 3.
  static constexpr std::array<std::array<std::uint8_t, 16>, 4> table_bytes = [] {
    std::array<std::array<std::uint8_t, 16>, 4> bytes{};
    for (std::size_t b = 0; b < 4; ++b) {
      for (std::size_t code = 0; code < 16; ++code) {
        bytes[b][code] =
            static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(quant::nf4_table[code]) >> (8 * b));
      }
    }
    return bytes;
  }();

  ASTERISM_AVX2 static __m256i table_byte(std::size_t b) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table_bytes[b].data())));
  }
};

}  // namespace asterism::simd

#endif
