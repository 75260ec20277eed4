// Integer products of 8-bit activations with weights in tiles, for processors with AVX-512 and its VBMI and VNNI parts.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/format.hpp"
#include "asterism/simd/integer/unpacked_tile.hpp"
#include "asterism/simd/product/avx512_scales.hpp"
#include "asterism/simd/target.hpp"
#include "asterism/simd/tuned.hpp"

#if !defined(__clang__)  // g++ 12 warns about the undefined registers of its own intrinsics
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace asterism::simd {

/// Codes and scales of `Tiles` tiles as they are stored, `columns` of them a line, plus `Offset`, 128 or 0: dot
/// products require one unsigned factor.
template <IntegerFormat Q, int Tiles, int Offset = 128>
class Avx512StoredLines {
 public:
  static constexpr std::size_t columns = Q::KernelOrder::unit_columns;

  Avx512StoredLines(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of, std::uint64_t tile,
                    std::uint64_t c = 0) {
    const std::uint64_t b = c / Q::KernelOrder::block;
    for (std::uint64_t i = 0; i < Tiles; ++i) {
      const quant::TiledRow row = quant::tiled_row(weights, (tile + i) * quant::tile_rows);
      codes_[i] = row.codes + c / columns * row.stride;
      scales_[i] = Scales(scale_of, {.place = row.scale(b),
                                     .first_block = row.first_block + b,
                                     .row_blocks = Q::KernelOrder::row_blocks(weights.cols)});
    }
  }

  /// One cache line of codes: four columns of sixteen rows in each register.
  ASTERISM_AVX512_BYTES void load(int tile, __m512i (&weights)[2]) const {
    const __m512i line = _mm512_loadu_si512(codes_[tile]);
    if constexpr (Q::KernelOrder::bits == 8) {
      weights[0] = Offset == 0 ? line : _mm512_xor_si512(line, _mm512_set1_epi8(-128));
    } else {
      // A lookup uses the six lowest bits of a byte: the table is repeated four times, so that codes need no mask.
      const __m512i table =
          _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values.data())));
      const __m512i low = _mm512_permutexvar_epi8(line, table);
      const __m512i high = _mm512_permutexvar_epi8(_mm512_srli_epi32(line, 4), table);
      weights[0] = Q::first_in_high_nibble ? high : low;
      weights[1] = Q::first_in_high_nibble ? low : high;
    }
  }
  void advance() {
    for (const std::byte*& codes : codes_) codes += 4 * quant::tile_rows;
  }
  void prefetch() const { __builtin_prefetch(codes_[0] + ahead_); }
  ASTERISM_AVX512_BYTES void next_scales(__m512 (&out)[Tiles]) {
    ASTERISM_UNROLL
    for (int i = 0; i < Tiles; ++i) out[i] = scales_[i].next();
  }

 private:
  using Scales = Avx512Scales<typename Q::ScaleReader>;

  static constexpr std::array<std::uint8_t, 16> values = [] {
    std::array<std::uint8_t, 16> table{};
    if constexpr (Q::KernelOrder::bits == 4) {
      for (std::size_t i = 0; i < 16; ++i) table[i] = static_cast<std::uint8_t>(Q::integers[i] + Offset);
    }
    return table;
  }();

  const std::byte* codes_[Tiles];
  Scales scales_[Tiles];
  std::size_t ahead_ = detail::codes_ahead.load(std::memory_order_relaxed);
};

/// The same of two unpacked tiles.
class Avx512UnpackedLines {
 public:
  static constexpr std::size_t columns = 4;

  explicit Avx512UnpackedLines(const UnpackedTile (&tiles)[2])
      : codes_{tiles[0].codes, tiles[1].codes}, scales_{tiles[0].scales, tiles[1].scales} {}

  ASTERISM_AVX512_BYTES void load(int tile, __m512i (&weights)[2]) const {
    weights[0] = _mm512_load_si512(codes_[tile]);
  }
  void advance() {
    for (const std::byte*& codes : codes_) codes += 4 * quant::tile_rows;
  }
  void prefetch() const {}
  ASTERISM_AVX512_BYTES void next_scales(__m512 (&out)[2]) {
    for (int tile = 0; tile < 2; ++tile) {
      out[tile] = _mm512_load_ps(scales_[tile]);
      scales_[tile] += quant::tile_rows;
    }
  }

 private:
  const std::byte* codes_[2];
  const float* scales_[2];
};

/// The sixteen rows of a tile in the lanes of a register, so that no sum ever crosses lanes; see PortableTiles for the
/// order of summation. For 128 weights of 4 bits and one row: a load, a shift, two lookups and two dot products, each
/// with four activations from memory, broadcast. Several rows meet two tiles at once, so that each broadcast serves two
/// dot products: processors load two registers a cycle, and make two dot products.
struct Avx512Tiles {
  static constexpr std::size_t most_rows = 4;
  static constexpr int unpacked_rows = 4;
  static constexpr int least_unpacked_rows = 4;
  /// Tiles that meet so many rows at once.
  static constexpr int tiles(int rows) { return rows == 1 ? 1 : 2; }

  template <int Rows, int Tiles, std::size_t Group, IntegerFormat Q>
  static void multiply_tiles(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                             std::uint64_t tile, const Rows8& x, float* y, std::size_t stride) {
    multiply<Rows, Tiles, Group, Q>(Avx512StoredLines<Q, Tiles>(weights, scale_of, tile), x, x.cols, {}, y,
                                    stride);
  }

  /// What a thread holds while it multiplies unpacked tiles: nothing.
  template <IntegerFormat Q, std::size_t Group>
  struct State {};

  /// The columns [c, c + cols) of a tile.
  template <IntegerFormat Q>
  static void unpack(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                     std::uint64_t tile, std::size_t c, std::size_t cols, UnpackedTile& out) {
    unpack_plus<128>(weights, scale_of, tile, c, cols, out);
  }

  /// y(r, i) of `Rows` rows from x on and the outputs of two tiles, summed up over `cols` columns.
  template <int Rows, std::size_t Group, IntegerFormat Q>
  static void multiply_unpacked(const UnpackedTile (&tiles)[2], const Rows8& x, std::size_t cols, SumPart part,
                                float* y, std::size_t stride) {
    multiply<Rows, 2, Group, Q>(Avx512UnpackedLines(tiles), x, cols, part, y, stride);
  }

 protected:
  template <int Offset, IntegerFormat Q>
  ASTERISM_AVX512_BYTES static void unpack_plus(quant::KernelMatrixRef<Q> weights,
                                                const typename Q::ScaleReader& scale_of, std::uint64_t tile,
                                                std::size_t c, std::size_t cols, UnpackedTile& out) {
    Avx512StoredLines<Q, 1, Offset> lines(weights, scale_of, tile, c);
    std::byte* codes = out.codes;
    for (std::size_t i = 0; i < cols; i += lines.columns, lines.advance()) {
      __m512i weights_of[2];
      lines.load(0, weights_of);
      for (std::size_t k = 0; k < lines.columns / 4; ++k, codes += 64) _mm512_store_si512(codes, weights_of[k]);
    }
    float* scales = out.scales;
    for (std::size_t i = 0; i < cols; i += Q::KernelOrder::block, scales += quant::tile_rows) {
      __m512 of_rows[1];
      lines.next_scales(of_rows);
      _mm512_store_ps(scales, of_rows[0]);
    }
  }

 private:
  /// y(r, i) of `Rows` rows and the outputs of `Tiles` tiles.
  template <int Rows, int Tiles, std::size_t Group, class Q, class Lines>
  ASTERISM_AVX512_BYTES static void multiply(const Lines& from, const Rows8& x, std::size_t cols, SumPart part,
                                             float* y, std::size_t stride) {
    Lines lines = from;
    using Sums = Nesting<Q, Group>;
    const std::int8_t* rows = x.codes;
    const float* row_scales = x.scales;
    const std::int32_t* row_biases = x.biases;
    const float* row_sums = x.sums;
    const std::size_t groups = x.groups();
    const std::size_t cells = x.cells();
    __m512 sums[Rows][Tiles];
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int t = 0; t < Tiles; ++t) {
        sums[r][t] =
            part.first ? _mm512_setzero_ps() : _mm512_loadu_ps(y + static_cast<std::size_t>(r) * stride + 16 * t);
      }
    }
    for (std::size_t begin = 0; begin < cols; begin += Sums::outer) {
      __m512 outer_sums[Rows][Tiles];
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        ASTERISM_UNROLL
        for (int t = 0; t < Tiles; ++t) outer_sums[r][t] = _mm512_setzero_ps();
      }
      __m512 weight_scales[Tiles];
      for (std::size_t cell = 0; cell < Sums::cells(cols - begin); ++cell, ++row_biases, ++row_sums) {
        __m512i integers[Rows][Tiles];
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          ASTERISM_UNROLL
          for (int t = 0; t < Tiles; ++t) {
            integers[r][t] = _mm512_set1_epi32(row_biases[static_cast<std::size_t>(r) * cells]);
          }
        }
        for (std::size_t unit = 0; unit < Sums::cell / Rows8::unit; ++unit, rows += Rows8::unit) {
          add_unit<Rows, Tiles>(lines, rows, x.cols, integers);
        }
        if constexpr (!Sums::groups_in_blocks) lines.next_scales(weight_scales);
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          const auto of_row = static_cast<std::size_t>(r);
          ASTERISM_UNROLL
          for (int t = 0; t < Tiles; ++t) {
            __m512 sum = _mm512_cvtepi32_ps(integers[r][t]);
            if constexpr (Q::integer_shift != 0) {
              sum =
                  _mm512_fmadd_ps(_mm512_set1_ps(Q::integer_shift), _mm512_set1_ps(row_sums[of_row * cells]), sum);
            }
            const __m512 scale =
                Sums::groups_in_blocks ? _mm512_set1_ps(row_scales[of_row * groups]) : weight_scales[t];
            outer_sums[r][t] = _mm512_fmadd_ps(sum, scale, outer_sums[r][t]);
          }
        }
        if constexpr (Sums::groups_in_blocks) ++row_scales;
      }
      if constexpr (Sums::groups_in_blocks) lines.next_scales(weight_scales);
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        ASTERISM_UNROLL
        for (int t = 0; t < Tiles; ++t) {
          const __m512 scale = Sums::groups_in_blocks
                                   ? weight_scales[t]
                                   : _mm512_set1_ps(row_scales[static_cast<std::size_t>(r) * groups]);
          sums[r][t] = _mm512_fmadd_ps(outer_sums[r][t], scale, sums[r][t]);
        }
      }
      if constexpr (!Sums::groups_in_blocks) ++row_scales;
    }
    const __m512 unit = _mm512_set1_ps(part.last ? Q::integer_unit : 1.0F);
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int t = 0; t < Tiles; ++t) {
        _mm512_storeu_ps(y + static_cast<std::size_t>(r) * stride + 16 * t, _mm512_mul_ps(sums[r][t], unit));
      }
    }
  }

  /// The products of 32 columns.
  template <int Rows, int Tiles, class Lines>
  ASTERISM_AVX512_BYTES static void add_unit(Lines& lines, const std::int8_t* rows, std::size_t row_stride,
                                             __m512i (&integers)[Rows][Tiles]) {
    ASTERISM_UNROLL
    for (std::size_t c = 0; c < Rows8::unit; c += Lines::columns, lines.advance()) {
      if constexpr (Rows == 1) lines.prefetch();
      __m512i weights[Tiles][2];
      ASTERISM_UNROLL
      for (int t = 0; t < Tiles; ++t) lines.load(t, weights[t]);
      ASTERISM_UNROLL
      for (std::size_t k = 0; k < Lines::columns / 4; ++k) {
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          const __m512i activations = four(rows + c + 4 * k, row_stride, r);
          ASTERISM_UNROLL
          for (int t = 0; t < Tiles; ++t) {
            integers[r][t] = _mm512_dpbusd_epi32(integers[r][t], weights[t][k], activations);
          }
        }
      }
    }
  }

  /// Four activations of row r, broadcast to all sixteen lanes.
  ASTERISM_AVX512_BYTES static __m512i four(const std::int8_t* rows, std::size_t stride, int r) {
    std::int32_t bits = 0;
    std::memcpy(&bits, rows + static_cast<std::size_t>(r) * stride, 4);
    return _mm512_set1_epi32(bits);
  }
};

}  // namespace asterism::simd

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
