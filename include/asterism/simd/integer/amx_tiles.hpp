// Integer products of many rows of 8-bit activations with weights in tiles, for processors with AMX.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/avx512_tiles.hpp"
#include "asterism/simd/integer/format.hpp"
#include "asterism/simd/integer/tile_unit.hpp"
#include "asterism/simd/integer/unpacked_tile.hpp"
#include "asterism/simd/target.hpp"

#if !defined(__clang__)  // g++ 12 warns about the undefined registers of its own intrinsics
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace asterism::simd {

/// 32 or 16 rows of activations times two unpacked tiles; few rows are those of Avx512Tiles. A line of an unpacked
/// tile, four columns of sixteen rows, is a row of the unit's second factor as it stands. Sums leave the unit after
/// every cell, to get their scales: with cells of 64 columns that is 4 products of tiles and 64 times a conversion and
/// two multiply-adds; cells of 32 use half of the unit. `Unit` has the members of TileUnit.
template <class Unit>
struct AmxTilesOn : Avx512Tiles {
  static constexpr int unpacked_rows = 32;
  static constexpr int least_unpacked_rows = 16;

  /// Registers 0 to 3: sums of rows 16i ... times tile t in 2i + t; 4 and 5: activations; 6 and 7: weights.
  template <IntegerFormat Q, std::size_t Group>
  struct State {
    State() { Unit::configure(shapes); }
    ~State() { Unit::release(); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    /// Columns of a product of tiles.
    static constexpr std::size_t depth = Nesting<Q, Group>::cell < 64 ? 32 : 64;

   private:
    static constexpr TileShapes shapes = [] {
      TileShapes all;
      for (std::size_t i = 0; i < 8; ++i) {
        const bool activations = i == 4 || i == 5;
        const bool weights = i >= 6;
        all.rows[i] = weights ? depth / 4 : 16;
        all.row_bytes[i] = activations ? depth : 64;
      }
      return all;
    }();
  };

  template <IntegerFormat Q>
  static void unpack(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                     std::uint64_t tile, std::size_t c, std::size_t cols, UnpackedTile& out) {
    unpack_plus<0>(weights, scale_of, tile, c, cols, out);
  }

  /// y(r, i) of `Rows` rows from x on and the outputs of two tiles, summed up over `cols` columns.
  template <int Rows, std::size_t Group, IntegerFormat Q>
  ASTERISM_AVX512_BYTES static void multiply_unpacked(const UnpackedTile (&tiles)[2], const Rows8& x,
                                                      std::size_t cols, SumPart part, float* y,
                                                      std::size_t stride) {
    using Sums = Nesting<Q, Group>;
    alignas(64) std::int32_t integers[2][Rows * 16];
    alignas(64) float outer_sums[2][Rows * 16];
    alignas(64) float sums[2][Rows * 16];
    for (std::size_t t = 0; t < 2; ++t) {
      for (std::size_t r = 0; r < Rows; ++r) {
        const __m512 before = part.first ? _mm512_setzero_ps() : _mm512_loadu_ps(y + r * stride + 16 * t);
        _mm512_store_ps(sums[t] + 16 * r, before);
      }
    }
    for (std::size_t begin = 0, cell = 0; begin < cols; begin += Sums::outer) {
      for (auto& of_tile : outer_sums) {
        for (std::size_t r = 0; r < Rows; ++r) _mm512_store_ps(of_tile + 16 * r, _mm512_setzero_ps());
      }
      const std::size_t end = cell + Sums::cells(cols - begin);
      for (; cell < end; ++cell) {
        multiply_cell<Rows, Sums::cell, State<Q, Group>::depth>(tiles, x, cell * Sums::cell, integers);
        for (std::size_t t = 0; t < 2; ++t) {
          const __m512 weight_scale = _mm512_load_ps(tiles[t].scales + cell * Sums::cell / Sums::block * 16);
          for (std::size_t r = 0; r < Rows; ++r) {
            __m512 sum = _mm512_cvtepi32_ps(_mm512_load_si512(integers[t] + 16 * r));
            if constexpr (Q::integer_shift != 0) {
              const __m512 activations = _mm512_set1_ps(x.sums[r * x.cells() + cell]);
              sum = _mm512_fmadd_ps(_mm512_set1_ps(Q::integer_shift), activations, sum);
            }
            const __m512 scale =
                Sums::groups_in_blocks ? _mm512_set1_ps(x.scales[r * x.groups() + cell]) : weight_scale;
            add(sum, scale, outer_sums[t] + 16 * r);
          }
        }
      }
      for (std::size_t t = 0; t < 2; ++t) {
        const __m512 weight_scale = _mm512_load_ps(tiles[t].scales + begin / Sums::block * 16);
        for (std::size_t r = 0; r < Rows; ++r) {
          const __m512 scale =
              Sums::groups_in_blocks ? weight_scale : _mm512_set1_ps(x.scales[r * x.groups() + begin / Group]);
          add(_mm512_load_ps(outer_sums[t] + 16 * r), scale, sums[t] + 16 * r);
        }
      }
    }
    const __m512 unit = _mm512_set1_ps(part.last ? Q::integer_unit : 1.0F);
    for (std::size_t t = 0; t < 2; ++t) {
      for (std::size_t r = 0; r < Rows; ++r) {
        _mm512_storeu_ps(y + r * stride + 16 * t, _mm512_mul_ps(_mm512_load_ps(sums[t] + 16 * r), unit));
      }
    }
  }

 private:
  /// The sums of `Cell` columns from column c on.
  template <int Rows, std::size_t Cell, std::size_t Depth>
  static void multiply_cell(const UnpackedTile (&tiles)[2], const Rows8& x, std::size_t c,
                            std::int32_t (&integers)[2][Rows * 16]) {
    Unit::template clear<0>();
    Unit::template clear<1>();
    if constexpr (Rows == 32) {
      Unit::template clear<2>();
      Unit::template clear<3>();
    }
    for (const std::size_t end = c + Cell; c < end; c += Depth) {
      Unit::template load<6>(tiles[0].codes + c * 16, 64);
      Unit::template load<7>(tiles[1].codes + c * 16, 64);
      Unit::template load<4>(x.codes + c, x.cols);
      Unit::template add_products<0, 4, 6>();
      Unit::template add_products<1, 4, 7>();
      if constexpr (Rows == 32) {
        Unit::template load<5>(x.codes + 16 * x.cols + c, x.cols);
        Unit::template add_products<2, 5, 6>();
        Unit::template add_products<3, 5, 7>();
      }
    }
    Unit::template store<0>(integers[0], 64);
    Unit::template store<1>(integers[1], 64);
    if constexpr (Rows == 32) {
      Unit::template store<2>(integers[0] + 256, 64);
      Unit::template store<3>(integers[1] + 256, 64);
    }
  }

  /// sums += value * scale.
  ASTERISM_AVX512_BYTES static void add(__m512 value, __m512 scale, float* sums) {
    _mm512_store_ps(sums, _mm512_fmadd_ps(value, scale, _mm512_load_ps(sums)));
  }
};

using AmxTiles = AmxTilesOn<TileUnit>;

}  // namespace asterism::simd

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
