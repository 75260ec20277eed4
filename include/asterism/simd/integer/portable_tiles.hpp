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
#include "asterism/simd/integer/quantize_row.hpp"

namespace asterism::simd {

/// Computes the outputs of an integer product one by one.
///
/// Order of summation of one output, on every instruction set: a block of columns sums over its groups of 32, each
/// being (sum of code * activation, an exact integer, plus the shift times the sum of the activations) * (their
/// scale); the block's sum is multiplied by its scale; blocks ascending; each multiplication is fused with the
/// addition; the result is multiplied by Q::integer_unit. So all instruction sets, thread counts and numbers of
/// rows give the same bits.
struct PortableTiles {
  static constexpr std::size_t most_rows = 8;

  /// y(r, o) for `Rows` rows of x from the first on; y is at y(0, o).
  template <int Rows, IntegerFormat Q>
  static void multiply_output(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                              std::uint64_t o, const Rows8& x, float* y, std::size_t stride) {
    using Order = typename Q::KernelOrder;
    constexpr std::size_t group = Rows8::group;
    const quant::TiledRow row = quant::tiled_row(weights, o);
    float sums[Rows] = {};
    for (std::uint64_t b = 0; b < Order::row_blocks(weights.cols); ++b) {
      float block_sums[Rows] = {};
      for (std::size_t c = b * Order::block; c < (b + 1) * Order::block; c += group) {
        std::int16_t codes[group];
        unpack<Q>(row, c, codes);
        for (int r = 0; r < Rows; ++r) {
          const std::size_t g = static_cast<std::size_t>(r) * x.groups() + c / group;
          auto sum = static_cast<float>(dot(codes, x.codes + static_cast<std::size_t>(r) * x.cols + c));
          if constexpr (Q::integer_shift != 0) sum = std::fma(Q::integer_shift, x.sums[g], sum);
          block_sums[r] = std::fma(sum, x.scales[g], block_sums[r]);
        }
      }
      const float scale = scale_of.at(row.scale(b), row.first_block + b);
      for (int r = 0; r < Rows; ++r) sums[r] = std::fma(block_sums[r], scale, sums[r]);
    }
    for (int r = 0; r < Rows; ++r) y[static_cast<std::size_t>(r) * stride] = sums[r] * Q::integer_unit;
  }

  /// All sixteen outputs of tile t.
  template <int Rows, IntegerFormat Q>
  static void multiply_tile(quant::KernelMatrixRef<Q> weights, const typename Q::ScaleReader& scale_of,
                            std::uint64_t tile, const Rows8& x, float* y, std::size_t stride) {
    for (std::uint64_t i = 0; i < quant::tile_rows; ++i) {
      multiply_output<Rows>(weights, scale_of, tile * quant::tile_rows + i, x, y + i, stride);
    }
  }

  static void quantize(const float* x, const Rows8& to, std::size_t row, std::size_t first, std::size_t end) {
    quantize_row(x, to, row, first, end);
  }

 private:
  /// The 32 codes from column c on, in the order of the activations.
  template <class Q>
  static void unpack(const quant::TiledRow& row, std::size_t c, std::int16_t* out) {
    constexpr std::size_t columns = Q::KernelOrder::unit_columns;
    const std::byte* unit = row.codes + c / columns * row.stride;
    for (std::size_t i = 0; i < Rows8::group; i += columns, unit += row.stride) {
      std::uint8_t bytes[4];
      std::memcpy(bytes, unit, 4);
      for (std::size_t k = 0; k < 4; ++k) {
        if constexpr (Q::KernelOrder::bits == 8) {
          out[i + k] = static_cast<std::int16_t>(bytes[k] < 128 ? bytes[k] : bytes[k] - 256);
        } else {
          const std::size_t high = Q::first_in_high_nibble ? 0 : 4;
          out[i + high + k] = static_cast<std::int16_t>(Q::integers[bytes[k] >> 4U]);
          out[i + (4 - high) + k] = static_cast<std::int16_t>(Q::integers[bytes[k] & 15U]);
        }
      }
    }
  }

  static std::int32_t dot(const std::int16_t* codes, const std::int8_t* x) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < Rows8::group; ++i) sum += codes[i] * x[i];
    return sum;
  }
};

}  // namespace asterism::simd
