// Integer products of 8-bit activations with weights in tiles, for processors with AVX2, FMA and F16C, and for those
// that have AVX-VNNI too.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/avx2_lines.hpp"
#include "asterism/simd/integer/format.hpp"
#include "asterism/simd/integer/unpacked_tile.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

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
