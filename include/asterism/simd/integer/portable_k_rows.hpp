// Integer products of 8-bit activations with ggml's blocks of 256, in plain C++: the bit-exact reference of the other
// instruction sets.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/quant/ggml_k_blocks.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/rounding.hpp"
#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/format.hpp"

namespace asterism::simd {

/// The block of a format of ggml.
template <KnownKBlocks Q>
using KBlockOf = quant::detail::KBlock<Q::code_bits>;

/// Eight sums that are added in one order.
struct EightSums {
  float lanes[8] = {};

  float sum() const {
    float fours[4];
    for (std::size_t l = 0; l < 4; ++l) fours[l] = lanes[l] + lanes[l + 4];
    return (fours[0] + fours[2]) + (fours[1] + fours[3]);
  }
};

/// Computes outputs one by one.
///
/// Order of summation of one output, on every instruction set: a cell is 32 columns of a block of 256. Lane l of eight
/// sums the products of columns 4 l to 4 l + 3 of each cell, times the integer scale of their sub-block, exactly; over
/// the cells of a block that times the scale of the activations, over blocks that times the scale of the block. With
/// minima lane c of eight more sums, over blocks, (integer minimum * sum of the activations) of cell c, exact, times
/// the scale of the activations, rounded, times the block's. The second eight are taken from the first, and the lanes
/// are added in the order of EightSums. Each other multiplication is fused with its addition.
struct PortableKRows {
  /// y(r, o) for all rows of x and the outputs [first, end).
  template <std::size_t Group, KnownKBlocks Q>
  static void multiply(quant::KernelMatrixRef<Q> weights, std::size_t first, std::size_t end, const Rows8& x,
                       MatrixView<float> y) {
    constexpr std::size_t together = 8;
    for (std::size_t o = first; o < end; ++o) {
      for (std::size_t r = 0; r < x.rows; r += together) {
        const std::size_t rows = std::min(together, x.rows - r);
        float sums[together];
        multiply_output<Group, together>(weights, o, x.rows_at(r, rows), sums);
        for (std::size_t i = 0; i < rows; ++i) y(r + i, o) = sums[i];
      }
    }
  }

 private:
  template <std::size_t Group, std::size_t Most, class Q>
  static void multiply_output(quant::KernelMatrixRef<Q> weights, std::uint64_t o, const Rows8& x, float* out) {
    using Block = KBlockOf<Q>;
    const std::uint64_t blocks = weights.cols / Q::block;
    const auto* block = reinterpret_cast<const std::uint8_t*>(weights.data) + o * blocks * Q::block_bytes;
    EightSums sums[Most];
    EightSums minima[Most];
    for (std::uint64_t b = 0; b < blocks; ++b, block += Q::block_bytes) {
      const quant::detail::KFields fields = Block::unpack(block);
      const float scale = quant::float_from_float16(fields.scale);
      const float minimum = quant::float_from_float16(fields.minimum);
      for (std::size_t r = 0; r < x.rows; ++r) {
        EightSums of_block;
        for (std::size_t c = 0; c < Q::block / Rows8::unit; ++c) {
          const std::size_t cell = static_cast<std::size_t>(b) * (Q::block / Rows8::unit) + c;
          const std::int8_t* activations = x.codes + r * x.cols + cell * Rows8::unit;
          const float row_scale = x.scales[r * x.groups() + cell * Rows8::unit / Group];
          for (std::size_t l = 0; l < 8; ++l) {
            const std::size_t at = c * Rows8::unit + 4 * l;
            std::int32_t sum = 0;
            for (std::size_t i = 0; i < 4; ++i) {
              sum += (fields.codes[at + i] + Block::lowest) * std::int32_t{activations[4 * l + i]};
            }
            sum *= fields.scales[at / Block::sub_elements];
            of_block.lanes[l] = std::fma(static_cast<float>(sum), row_scale, of_block.lanes[l]);
          }
          if constexpr (Block::has_minima) {
            const float exact = static_cast<float>(fields.minima[c]) * x.sums[r * x.cells() + cell];
            minima[r].lanes[c] =
                std::fma(quant::rounded_to_float32(exact * row_scale), minimum, minima[r].lanes[c]);
          }
        }
        for (std::size_t l = 0; l < 8; ++l) {
          sums[r].lanes[l] = std::fma(of_block.lanes[l], scale, sums[r].lanes[l]);
        }
      }
    }
    for (std::size_t r = 0; r < x.rows; ++r) {
      if constexpr (Block::has_minima) {
        for (std::size_t l = 0; l < 8; ++l) sums[r].lanes[l] -= minima[r].lanes[l];
      }
      out[r] = sums[r].sum();
    }
  }
};

}  // namespace asterism::simd
