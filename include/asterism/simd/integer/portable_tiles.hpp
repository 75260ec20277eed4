// Integer products of 8-bit activations with weights in tiles, in plain C++: the bit-exact reference of the other
// instruction sets.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/core/view.hpp"
#include "asterism/quant/integer_codes.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/format.hpp"

namespace asterism::simd {

/// Computes the outputs of an integer product one by one.
///
/// Order of summation of one output, on every instruction set, see Nesting: the sum of a cell is exact, plus the shift
/// times the sum of the activations. Groups no larger than a block: the sum of a block is that of (cell * scale of the
/// activations), the output that of (block * scale of the weights). Larger groups: the sum of a group is that of (cell
/// * scale of the weights), the output that of (group * scale of the activations). Columns ascending; each
/// multiplication is fused with the addition; the output is multiplied by Q::integer_unit. So all instruction sets,
/// thread counts and numbers of rows give the same bits.
struct PortableTiles {
  static constexpr std::size_t most_rows = 8;
  static constexpr int tiles(int /*rows*/) { return 1; }

  /// y(r, o) for `Rows` rows of x from the first on; y is at y(0, o).
  template <int Rows, std::size_t Group, IntegerFormat Q>
  static void multiply_output(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                              std::uint64_t o, const Rows8& x, float* y, std::size_t stride) {
    using Sums = Nesting<Q, Group>;
    const quant::TiledRow row = quant::tiled_row(weights, o);
    const auto weight_scale = [&](std::size_t c) {
      return scale_of.at(row.scale(c / Sums::block), row.first_block + c / Sums::block);
    };
    const auto activation_scale = [&](int r, std::size_t c) {
      return x.scales[static_cast<std::size_t>(r) * x.groups() + c / Group];
    };
    float sums[Rows] = {};
    for (std::size_t first = 0; first < weights.cols; first += Sums::outer) {
      const std::size_t end = first + Sums::outer < weights.cols ? first + Sums::outer : weights.cols;
      float outer_sums[Rows] = {};
      for (std::size_t c = first; c < end; c += Sums::cell) {
        std::int16_t codes[Sums::cell];
        for (std::size_t i = 0; i < Sums::cell; i += Rows8::unit) unpack<Q>(row, c + i, codes + i);
        for (int r = 0; r < Rows; ++r) {
          const auto of_row = static_cast<std::size_t>(r);
          auto sum = static_cast<float>(dot(codes, x.codes + of_row * x.cols + c, Sums::cell));
          if constexpr (Q::integer_shift != 0) {
            sum = std::fma(Q::integer_shift, x.sums[of_row * x.cells() + c / Sums::cell], sum);
          }
          const float scale = Sums::groups_in_blocks ? activation_scale(r, c) : weight_scale(c);
          outer_sums[r] = std::fma(sum, scale, outer_sums[r]);
        }
      }
      for (int r = 0; r < Rows; ++r) {
        const float scale = Sums::groups_in_blocks ? weight_scale(first) : activation_scale(r, first);
        sums[r] = std::fma(outer_sums[r], scale, sums[r]);
      }
    }
    for (int r = 0; r < Rows; ++r) y[static_cast<std::size_t>(r) * stride] = sums[r] * Q::integer_unit;
  }

  /// All sixteen outputs of tile t.
  template <int Rows, int Tiles, std::size_t Group, IntegerFormat Q>
  static void multiply_tiles(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                             std::uint64_t tile, const Rows8& x, float* y, std::size_t stride) {
    for (std::uint64_t i = 0; i < quant::tile_rows; ++i) {
      multiply_output<Rows, Group>(weights, scale_of, tile * quant::tile_rows + i, x, y + i, stride);
    }
  }

 private:
  /// The 32 codes from column c on, in the order of the activations.
  template <class Q>
  static void unpack(const quant::TiledRow& row, std::size_t c, std::int16_t* out) {
    constexpr std::size_t columns = Q::KernelOrder::unit_columns;
    const std::byte* unit = row.codes + c / columns * row.stride;
    for (std::size_t i = 0; i < Rows8::unit; i += columns, unit += row.stride) {
      std::uint8_t bytes[4];
      std::memcpy(bytes, unit, 4);
      for (std::size_t k = 0; k < 4; ++k) {
        if constexpr (Q::KernelOrder::bits == 8) {
          out[i + k] = static_cast<std::int16_t>(bytes[k] < 128 ? bytes[k] : bytes[k] - 256);
        } else {
          const std::size_t high = Q::first_in_high_nibble ? 0 : 4;
          out[i + high + k] = std::int16_t{Q::integers[bytes[k] >> 4U]};
          out[i + (4 - high) + k] = std::int16_t{Q::integers[bytes[k] & 15U]};
        }
      }
    }
  }

  static std::int32_t dot(const std::int16_t* codes, const std::int8_t* x, std::size_t n) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += codes[i] * x[i];
    return sum;
  }
};

}  // namespace asterism::simd
