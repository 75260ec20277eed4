// Integer products of 8-bit activations with weights in tiles, for processors with AVX2, FMA and F16C, and for those
// that have AVX-VNNI too.
#pragma once

#if defined(__x86_64__)

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
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

/// Eight rows of a tile in each register, so that sums stay in their lanes; see PortableTiles for the order. One row of
/// activations meets all sixteen at once, several meet eight at a time.
template <class Products>
struct YmmTiles {
  static constexpr std::size_t most_rows = 4;
  static constexpr int unpacked_rows = 4;
  static constexpr int least_unpacked_rows = 4;
  static constexpr int tiles(int /*rows*/) { return 1; }

  template <int Rows, int Tiles, std::size_t Group, IntegerFormat Q>
  static void multiply_tiles(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                             std::uint64_t tile, const Rows8& x, float* y, std::size_t stride) {
    constexpr int parts = Rows == 1 ? 2 : 1;
    for (std::uint64_t first = 0; first < quant::tile_rows; first += 8 * parts) {
      multiply<Rows, parts, Group, Q>(
          StoredLines<Products, Q, parts>(weights, scale_of, tile * quant::tile_rows + first), x, x.cols, {},
          y + first, stride);
    }
  }

  /// What a thread holds while it multiplies unpacked tiles: nothing.
  template <IntegerFormat Q, std::size_t Group>
  struct State {};

  /// The columns [c, c + cols) of a tile.
  template <IntegerFormat Q>
  ASTERISM_AVX2 static void unpack(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                                   std::uint64_t tile, std::size_t c, std::size_t cols, UnpackedTile& out) {
    StoredLines<Products, Q, 2> lines(weights, scale_of, tile * quant::tile_rows, c);
    auto* codes = reinterpret_cast<__m256i*>(out.codes);
    for (std::size_t i = 0; i < cols; i += lines.columns, lines.advance(), codes += lines.columns / 2) {
      ASTERISM_UNROLL
      for (int part = 0; part < 2; ++part) {
        __m256i weights_of[2];
        lines.load(part, weights_of);
        for (std::size_t k = 0; k < lines.columns / 4; ++k)
          _mm256_store_si256(codes + 2 * k + part, weights_of[k]);
      }
    }
    float* scales = out.scales;
    for (std::size_t i = 0; i < cols; i += Q::KernelOrder::block, scales += quant::tile_rows) {
      __m256 of_rows[2];
      lines.next_scales(of_rows);
      _mm256_store_ps(scales, of_rows[0]);
      _mm256_store_ps(scales + 8, of_rows[1]);
    }
  }

  /// y(r, i) of `Rows` rows from x on and the outputs of two tiles, summed up over `cols` columns.
  template <int Rows, std::size_t Group, IntegerFormat Q>
  static void multiply_unpacked(const UnpackedTile (&tiles)[2], const Rows8& x, std::size_t cols, SumPart part,
                                float* y, std::size_t stride) {
    for (std::size_t half = 0; half < 4; ++half) {
      multiply<Rows, 1, Group, Q>(UnpackedLines(tiles[half / 2], half % 2), x, cols, part, y + 8 * half, stride);
    }
  }

 private:
  template <int Rows, int Parts, std::size_t Group, class Q, class Lines>
  ASTERISM_AVX2 static void multiply(const Lines& from, const Rows8& x, std::size_t cols, SumPart part, float* y,
                                     std::size_t stride) {
    Lines lines = from;
    using Sums = Nesting<Q, Group>;
    constexpr float shift = Q::integer_shift - (Products::template offset<Q> == 8 ? 8.0F : 0.0F);
    const std::int8_t* rows = x.codes;
    const float* row_scales = x.scales;
    const std::int32_t* row_biases = x.biases;
    const float* row_sums = x.sums;
    const std::size_t groups = x.groups();
    const std::size_t cells = x.cells();
    __m256 sums[Rows][Parts];
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int p = 0; p < Parts; ++p) {
        sums[r][p] =
            part.first ? _mm256_setzero_ps() : _mm256_loadu_ps(y + static_cast<std::size_t>(r) * stride + 8 * p);
      }
    }
    for (std::size_t begin = 0; begin < cols; begin += Sums::outer) {
      __m256 weight_scales[Parts];
      if constexpr (Sums::groups_in_blocks) lines.next_scales(weight_scales);
      __m256 outer_sums[Rows][Parts];
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        ASTERISM_UNROLL
        for (int p = 0; p < Parts; ++p) outer_sums[r][p] = _mm256_setzero_ps();
      }
      for (std::size_t cell = 0; cell < Sums::cells(cols - begin); ++cell, ++row_biases, ++row_sums) {
        if constexpr (!Sums::groups_in_blocks) lines.next_scales(weight_scales);
        __m256i integers[Rows][Parts];
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          const __m256i start = Products::template offset<Q> == 128
                                    ? _mm256_set1_epi32(row_biases[static_cast<std::size_t>(r) * cells])
                                    : _mm256_setzero_si256();
          ASTERISM_UNROLL
          for (int p = 0; p < Parts; ++p) integers[r][p] = start;
        }
        for (std::size_t unit = 0; unit < Sums::cell / Rows8::unit; ++unit, rows += Rows8::unit) {
          add_unit<Rows, Parts, Q>(lines, rows, x.cols, integers);
        }
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          const auto of_row = static_cast<std::size_t>(r);
          const __m256 activations = _mm256_set1_ps(row_sums[of_row * cells]);
          ASTERISM_UNROLL
          for (int p = 0; p < Parts; ++p) {
            __m256 sum = _mm256_cvtepi32_ps(integers[r][p]);
            if constexpr (shift != 0) sum = _mm256_fmadd_ps(_mm256_set1_ps(shift), activations, sum);
            const __m256 scale =
                Sums::groups_in_blocks ? _mm256_set1_ps(row_scales[of_row * groups]) : weight_scales[p];
            outer_sums[r][p] = _mm256_fmadd_ps(sum, scale, outer_sums[r][p]);
          }
        }
        if constexpr (Sums::groups_in_blocks) ++row_scales;
      }
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        ASTERISM_UNROLL
        for (int p = 0; p < Parts; ++p) {
          const __m256 scale = Sums::groups_in_blocks
                                   ? weight_scales[p]
                                   : _mm256_set1_ps(row_scales[static_cast<std::size_t>(r) * groups]);
          sums[r][p] = _mm256_fmadd_ps(outer_sums[r][p], scale, sums[r][p]);
        }
      }
      if constexpr (!Sums::groups_in_blocks) ++row_scales;
    }
    const __m256 unit = _mm256_set1_ps(part.last ? Q::integer_unit : 1.0F);
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int p = 0; p < Parts; ++p) {
        _mm256_storeu_ps(y + static_cast<std::size_t>(r) * stride + 8 * p, _mm256_mul_ps(sums[r][p], unit));
      }
    }
  }

  /// The products of 32 columns.
  template <int Rows, int Parts, class Q, class Lines>
  ASTERISM_AVX2 static void add_unit(Lines& lines, const std::int8_t* rows, std::size_t row_stride,
                                     __m256i (&integers)[Rows][Parts]) {
    constexpr bool in_pairs = Products::template in_pairs<Q>;
    __m256i sums[Rows][Parts];
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int p = 0; p < Parts; ++p) sums[r][p] = in_pairs ? _mm256_setzero_si256() : integers[r][p];
    }
    ASTERISM_UNROLL
    for (std::size_t c = 0; c < Rows8::unit; c += Lines::columns, lines.advance()) {
      if constexpr (Rows == 1) lines.prefetch();
      ASTERISM_UNROLL
      for (int p = 0; p < Parts; ++p) {
        __m256i weights[2];
        lines.load(p, weights);
        ASTERISM_UNROLL
        for (std::size_t k = 0; k < Lines::columns / 4; ++k) {
          const __m256i magnitudes = _mm256_abs_epi8(weights[k]);
          ASTERISM_UNROLL
          for (int r = 0; r < Rows; ++r) {
            sums[r][p] = Products::template add<Q>(sums[r][p], weights[k], magnitudes,
                                                   four(rows + c + 4 * k, row_stride, r));
          }
        }
      }
    }
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int p = 0; p < Parts; ++p) {
        integers[r][p] = in_pairs ? _mm256_add_epi32(integers[r][p], Products::widened(sums[r][p])) : sums[r][p];
      }
    }
  }

  /// Four activations of row r, in all lanes.
  ASTERISM_AVX2 static __m256i four(const std::int8_t* rows, std::size_t stride, int r) {
    std::int32_t bits = 0;
    std::memcpy(&bits, rows + static_cast<std::size_t>(r) * stride, 4);
    return _mm256_set1_epi32(bits);
  }
};

using Avx2Tiles = YmmTiles<MultiplyAddPairs>;
using AvxVnniTiles = YmmTiles<DotProducts>;

}  // namespace asterism::simd

#endif
