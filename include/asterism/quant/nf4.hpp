// 4-bit NormalFloat weights in bitsandbytes' layout.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/abs_max.hpp"
#include "asterism/quant/double_quantized.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/matrix_ref.hpp"
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
  static constexpr int code_bits = 4;
  static constexpr std::size_t element_bytes = 0;

  static std::string name();

  static constexpr Planes planes(std::uint64_t rows, std::uint64_t cols) {
    const std::uint64_t count = element_count(rows, cols);
    Planes result;
    result.add("codes", (count + 1) / 2);
    Scales::add_planes(result, (count + Block - 1) / Block);
    return result;
  }

  /// Scratch memory: 4 bytes per block and one piece of the source. A ScaleRule whose codes refer to the scales as
  /// stored reads the source twice. Throws NumericError for NaN, infinity, and scales that can't be stored.
  static void encode(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out);

  static void decode(MatrixRef<Nf4> matrix, std::uint64_t first_element, View<float> out);

  /// Decodes the codes [from, to) starting at `codes`, as weights of a block with the given scale.
  static void decode_codes(const std::uint8_t* codes, std::uint64_t from, std::uint64_t to, float scale,
                           float* out);

  /// The scales as stored, by block.
  static typename Scales::Reader scales(MatrixRef<Nf4> matrix) {
    return typename Scales::Reader(matrix.data, planes(matrix.rows, matrix.cols));
  }

  /// Upper bound of the error that `encode` leaves in a weight: inside the table's range half the table's widest
  /// gap times the stored scale, outside the distance to the table's nearest end. If the codes refer to the scale
  /// before it was quantized, that quantization's error is added.
  static double error_bound(MatrixRef<Nf4> matrix, std::uint64_t element, float original);

 private:
  static void encode_block(std::uint64_t b, const float* values, float scale, std::uint64_t count, std::byte* out);
};

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/nf4_templates.hpp"
#endif
