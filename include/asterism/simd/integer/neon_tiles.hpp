// Integer products of 8-bit activations with weights in tiles, for aarch64: NEON, its dot products and its products of
// small matrices.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/format.hpp"
#include "asterism/simd/integer/neon_group.hpp"
#include "asterism/simd/product/neon_scales.hpp"
#include "asterism/simd/target.hpp"
#include "asterism/simd/tuned.hpp"

namespace asterism::simd {

/// Four rows of a tile in each register, so that sums stay in their lanes; see PortableTiles for the order. `Unit` adds
/// up 32 columns: NeonPairs, NeonDots or NeonMatrices. All is inlined into functions that are compiled for its
/// instructions.
template <class Unit, int Rows, std::size_t Group, IntegerFormat Q>
struct NeonWalk {
  using Sums = Nesting<Q, Group>;
  static constexpr int vectors = Unit::template vectors<Rows>;
  using Floats = float32x4_t[Rows][vectors];

  /// All sixteen outputs of tile t, some rows of the tile after the other.
  __attribute__((always_inline)) static void multiply_tile(quant::KernelMatrixRef<Q> weights,
                                                           const typename Q::ScaleReader& scale_of,
                                                           std::uint64_t tile, const Rows8& x, float* y,
                                                           std::size_t stride) {
    for (std::uint64_t i = 0; i < quant::tile_rows; i += 4 * vectors) {
      multiply_part(weights, scale_of, tile * quant::tile_rows + i, x, y + i, stride);
    }
  }

 private:
  /// The 4 * vectors outputs from o on; y is at y(0, o).
  __attribute__((always_inline)) static void multiply_part(quant::KernelMatrixRef<Q> weights,
                                                           const typename Q::ScaleReader& scale_of,
                                                           std::uint64_t o, const Rows8& x, float* y,
                                                           std::size_t stride) {
    const quant::TiledRow first = quant::tiled_row(weights, o);
    NeonScales<typename Q::ScaleReader, vectors> scales(scale_of,
                                                        {.place = first.scales,
                                                         .first_block = first.first_block,
                                                         .row_blocks = Q::KernelOrder::row_blocks(weights.cols)});
    [[maybe_unused]] const std::size_t ahead = detail::codes_ahead.load(std::memory_order_relaxed);
    const std::byte* codes = first.codes;
    const std::int8_t* row_codes = x.codes;
    const float* row_scales = x.scales;
    const float* row_sums = x.sums;
    Floats sums = {};
    for (std::size_t c = 0; c < x.cols; c += Sums::outer) {
      Floats outer_sums = {};
      for (std::size_t cell = 0; cell < Sums::cells(x.cols - c); ++cell, ++row_sums) {
        int32x4_t integers[Rows][vectors] = {};
        for (std::size_t i = 0; i < Sums::cell; i += Rows8::unit) {
          if constexpr (Rows == 1) {
            ASTERISM_UNROLL
            for (std::size_t line = 0; line < 4 * eight_columns<Q>; line += tile_line)
              __builtin_prefetch(codes + ahead + line);
          }
          Unit::template add<Rows, Q>(codes, row_codes, x.cols, integers);
          codes += 4 * eight_columns<Q>;
          row_codes += Rows8::unit;
        }
        Floats cell_sums;
        ASTERISM_UNROLL
        for (int r = 0; r < Rows; ++r) {
          ASTERISM_UNROLL
          for (int v = 0; v < vectors; ++v) {
            cell_sums[r][v] = vcvtq_f32_s32(integers[r][v]);
            if constexpr (Q::integer_shift != 0) {
              const float activations = row_sums[static_cast<std::size_t>(r) * x.cells()];
              cell_sums[r][v] = vfmaq_n_f32(cell_sums[r][v], vdupq_n_f32(Q::integer_shift), activations);
            }
          }
        }
        add<Sums::groups_in_blocks>(cell_sums, scales, row_scales, x.groups(), outer_sums);
      }
      add<!Sums::groups_in_blocks>(outer_sums, scales, row_scales, x.groups(), sums);
    }
    ASTERISM_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ASTERISM_UNROLL
      for (int v = 0; v < vectors; ++v) {
        vst1q_f32(y + static_cast<std::size_t>(r) * stride + 4 * v, vmulq_n_f32(sums[r][v], Q::integer_unit));
      }
    }
  }

  /// to += sums times the next scales, of the activations or of the weights.
  template <bool OfActivations>
  __attribute__((always_inline)) static void add(const Floats& sums,
                                                 NeonScales<typename Q::ScaleReader, vectors>& scales,
                                                 const float*& row_scales, std::size_t groups, Floats& to) {
    if constexpr (OfActivations) {
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        const float scale = row_scales[static_cast<std::size_t>(r) * groups];
        ASTERISM_UNROLL
        for (int v = 0; v < vectors; ++v) to[r][v] = vfmaq_n_f32(to[r][v], sums[r][v], scale);
      }
      ++row_scales;
    } else {
      const ScaleVectors<vectors> scale = scales.next();
      ASTERISM_UNROLL
      for (int r = 0; r < Rows; ++r) {
        ASTERISM_UNROLL
        for (int v = 0; v < vectors; ++v) to[r][v] = vfmaq_f32(to[r][v], sums[r][v], scale.values[v]);
      }
    }
  }
};

/// Level::neon.
struct NeonTiles {
  static constexpr int most_rows = NeonPairs::most_rows;
  static constexpr int tiles(int /*rows*/) { return 1; }

  template <int Rows, int Tiles, std::size_t Group, IntegerFormat Q>
  static void multiply_tiles(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                             std::uint64_t tile, const Rows8& x, float* y, std::size_t stride) {
    NeonWalk<NeonPairs, Rows, Group, Q>::multiply_tile(weights, scale_of, tile, x, y, stride);
  }
};

/// Level::dotprod.
struct DotprodTiles {
  static constexpr int most_rows = NeonDots::most_rows;
  static constexpr int tiles(int /*rows*/) { return 1; }

  template <int Rows, int Tiles, std::size_t Group, IntegerFormat Q>
  ASTERISM_DOTPROD static void multiply_tiles(quant::KernelMatrixRef<Q> weights,
                                              const typename Q::ScaleReader& scale_of, std::uint64_t tile,
                                              const Rows8& x, float* y, std::size_t stride) {
    NeonWalk<NeonDots, Rows, Group, Q>::multiply_tile(weights, scale_of, tile, x, y, stride);
  }
};

/// Level::i8mm.
struct I8mmTiles {
  static constexpr int most_rows = NeonMatrices::most_rows;
  static constexpr int tiles(int /*rows*/) { return 1; }

  template <int Rows, int Tiles, std::size_t Group, IntegerFormat Q>
  ASTERISM_I8MM static void multiply_tiles(quant::KernelMatrixRef<Q> weights,
                                           const typename Q::ScaleReader& scale_of, std::uint64_t tile,
                                           const Rows8& x, float* y, std::size_t stride) {
    NeonWalk<NeonMatrices, Rows, Group, Q>::multiply_tile(weights, scale_of, tile, x, y, stride);
  }
};

}  // namespace asterism::simd

#endif
