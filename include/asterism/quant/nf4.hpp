// 4-bit NormalFloat weights in bitsandbytes' layout.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/abs_max.hpp"
#include "asterism/quant/double_quantized.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/matrix_ref.hpp"
#include "asterism/quant/nf4_block.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/quant/plain_scales.hpp"
#include "asterism/quant/planes.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::quant {

/// Quantization policy: a 4-bit code for each weight and a scale for each `Block` consecutive weights of the
/// *flat* matrix (blocks cross rows; the last one may be short). weight = nf4_table[code] * scale, in float32.
/// Plane "codes": byte k holds code 2k in its high nibble and code 2k + 1 in its low one; behind an odd number of
/// weights the last low nibble is 7. The planes of the scales follow; see `Scales`. All planes are byte for byte
/// what bitsandbytes stores in safetensors files, so a loader can copy them in. 4.5 bits a weight with PlainScales
/// and blocks of 64, 4.127 with DoubleQuantized. Source: QLoRA (Dettmers et al., 2023); bitsandbytes,
/// `quantize_4bit`.
///
/// @tparam Block   32, 64, 128, ... 4096: bitsandbytes' sizes
/// @tparam Scales  how scales are stored: PlainScales or DoubleQuantized
/// @tparam ScaleRule  how the scale of a block is chosen: AbsMax (bitsandbytes' codes to the bit),
///                 LeastSquares or SignedLeastSquares
template <int Block, class Scales, class ScaleRule>
struct Nf4 {
  static_assert(Block >= 32 && Block <= 4096 && (Block & (Block - 1)) == 0,
                "bitsandbytes knows blocks of 32 to 4096");

  using Codes = Nf4Codes;
  static constexpr int block = Block;
  using KernelOrder = RowTiles<4, Block>;
  using ScaleReader = typename Scales::Reader;
  static constexpr bool first_in_high_nibble = true;
  /// For integer products: code i stands for about (integers[i] + integer_shift) * integer_unit.
  static constexpr std::array<std::int8_t, 16> integers = nf4_integers;
  static constexpr float integer_unit = nf4_integer_unit;
  static constexpr float integer_shift = nf4_integer_shift;
  static constexpr double bits_per_weight = 4 + Scales::bits_per_block / Block;

  static std::string name() {
    std::string result = concat("nf4 block ", Block);
    for (const std::string& part : {Scales::name(), ScaleRule::name()}) {
      if (!part.empty()) result += ", " + part;
    }
    return result;
  }

  static constexpr Planes planes(std::uint64_t rows, std::uint64_t cols) {
    const std::uint64_t count = element_count(rows, cols);
    Planes result;
    result.add("codes", (count + 1) / 2);
    Scales::add_planes(result, (count + Block - 1) / Block);
    return result;
  }

  /// Scratch: 4 bytes a block and one piece of the source; a choice whose codes refer to the scales as stored
  /// reads the source twice. Throws NumericError for NaN, infinity, and scales that can't be stored.
  static void encode(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
    const Planes layout = planes(rows, cols);
    const std::uint64_t count = rows * cols;
    clear_padding(layout, out);
    std::vector<float> scales(static_cast<std::size_t>((count + Block - 1) / Block));
    for_each_block<Block>(source, count, [&](std::uint64_t b, const float* values) {
      const float scale = ScaleRule::template scale<Codes, Block>(values);
      scales[static_cast<std::size_t>(b)] = scale;
      if constexpr (!ScaleRule::codes_follow_stored_scale) encode_block(b, values, scale, count, out);
    });
    Scales::store(scales, layout, out);
    if constexpr (ScaleRule::codes_follow_stored_scale) {
      const typename Scales::Reader stored(out, layout);
      for_each_block<Block>(source, count, [&](std::uint64_t b, const float* values) {
        encode_block(b, values, stored(b), count, out);
      });
    }
  }

  static void decode(MatrixRef<Nf4> matrix, std::uint64_t first_element, View<float> out) {
    const auto* codes = reinterpret_cast<const std::uint8_t*>(matrix.data);
    const auto scale_of = scales(matrix);
    const std::uint64_t end = first_element + out.size;
    for (std::uint64_t at = first_element; at < end;) {
      const std::uint64_t block_end = (at / Block + 1) * Block;
      const std::uint64_t stop = block_end < end ? block_end : end;
      decode_codes(codes, at, stop, scale_of(at / Block), out.data + (at - first_element));
      at = stop;
    }
  }

  /// The codes [from, to) of those that begin at `codes`, as weights of a block with that scale.
  static void decode_codes(const std::uint8_t* codes, std::uint64_t from, std::uint64_t to, float scale,
                           float* out) {
    decode_nf4_codes(codes, from, to, scale, out);
  }

  /// The scales as stored, by block.
  static typename Scales::Reader scales(MatrixRef<Nf4> matrix) {
    return typename Scales::Reader(matrix.data, planes(matrix.rows, matrix.cols));
  }

  /// At most how far `encode` leaves a weight from its original: inside the table's range half the table's widest
  /// gap times the stored scale, outside the distance to the table's nearest end. Where the codes refer to the
  /// scale before it was quantized, up to that quantization's error more.
  static double error_bound(MatrixRef<Nf4> matrix, std::uint64_t element, float original) {
    const auto scale_of = scales(matrix);
    const double scale = std::fabs(double{scale_of(element / Block)});
    const double magnitude = std::fabs(double{original});
    const double inside = nf4_widest_gap / 2 * scale;
    const double outside = magnitude - scale;
    const double rounding = 0x1p-22 * magnitude + 0x1p-148;
    const double moved = ScaleRule::codes_follow_stored_scale ? 0 : 2 * scale_of.error_bound(element / Block);
    return std::fmax(inside, outside) + moved + rounding;
  }

 private:
  static void encode_block(std::uint64_t b, const float* values, float scale, std::uint64_t count,
                           std::byte* out) {
    std::uint8_t bytes[Block / 2];
    encode_nf4_block<Block>(values, scale, bytes);
    const std::uint64_t first = b * Block;
    const std::uint64_t used = count - first < Block ? (count - first + 1) / 2 : Block / 2;
    std::memcpy(out + first / 2, bytes, static_cast<std::size_t>(used));
  }
};

}  // namespace asterism::quant
