// ggml's formats whose codes name the values of a table: IQ4_NL, IQ4_XS and MXFP4.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/quant/block_tiles.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/ggml_blocks.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/matrix_ref.hpp"

namespace asterism::quant {

/// The values of IQ4_NL's and IQ4_XS's codes. Source: ggml, `kvalues_iq4nl`.
inline constexpr std::array<std::int8_t, 16> iq4_values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                           1,    13,   25,  38,  53,  69,  89,  113};

/// Twice the values of E2M1, the codes of MXFP4. Source: OCP, Microscaling Formats 1.0, section 5.3.3.
inline constexpr std::array<std::int8_t, 16> mxfp4_values = {0, 1,  2,  3,  4,  6,  8,  12,
                                                             0, -1, -2, -3, -4, -6, -8, -12};

/// Half of the power of two that an E8M0 scale stands for: 2^(bits - 128).
inline float half_of_e8m0(std::uint8_t bits) {
  return std::bit_cast<float>(bits < 2 ? 0x00200000U << bits : (std::uint32_t{bits} - 1) << 23U);
}

/// Reads E8M0 scales as `half_of_e8m0`. Borrows the matrix.
class HalvedE8m0Scales {
 public:
  explicit HalvedE8m0Scales(const std::byte* plane) : scales_(reinterpret_cast<const std::uint8_t*>(plane)) {}

  float operator()(std::uint64_t place) const { return half_of_e8m0(scales_[place]); }
  /// The scale of a block that is at another place.
  float at(std::uint64_t place, std::uint64_t /*block*/) const { return (*this)(place); }

  const std::uint8_t* data() const { return scales_; }

 private:
  const std::uint8_t* scales_;
};

/// Codes of 4 bits, two a byte, the first in the low nibble, each a value of Q::integers.
struct TableCodes {
  static void decode(const std::array<std::int8_t, 16>& values, const std::uint8_t* codes, std::uint64_t from,
                     std::uint64_t to, float scale, float* out) {
    for (; from < to; ++from) *out++ = scale * values[codes[from / 2] >> (from % 2 * 4) & 15U];
  }
};

namespace detail {

struct Iq4NlBlock {
  static void encode(const float* weights, std::uint8_t* block);
  static void decode(const std::uint8_t* block, float* weights);
  static BlockLevels levels(const std::uint8_t* block, std::uint32_t i);
  static bool is_sound(const std::uint8_t* block) { return is_finite_half(block); }
};

struct Iq4XsBlock {
  static constexpr int sub_blocks = 8;
  static constexpr int sub_elements = 32;

  static void encode(const float* weights, std::uint8_t* block);
  static void decode(const std::uint8_t* block, float* weights);
  static BlockLevels levels(const std::uint8_t* block, std::uint32_t i);
  static bool is_sound(const std::uint8_t* block) { return is_finite_half(block); }

 private:
  /// The scale of sub-block s.
  static float scale(const std::uint8_t* block, int s);
};

struct Mxfp4Block {
  static void encode(const float* weights, std::uint8_t* block);
  static void decode(const std::uint8_t* block, float* weights);
  static BlockLevels levels(const std::uint8_t* block, std::uint32_t i);
  /// 255 is NaN, and below it float32 does not hold the largest code times the scale.
  static bool is_sound(const std::uint8_t* block) { return block[0] <= 252; }
};

}  // namespace detail

/// Quantization policy: ggml's IQ4_NL, codes that name a value of `iq4_values` times a binary16 scale of either sign,
/// in blocks of 32, fitted to the least squared error. 4.5 bits a weight. No value is zero: a zero among other weights
/// does not stay zero.
struct IQ4_NL : GgmlBlocks<IQ4_NL, 32, 18> {
  static constexpr std::string_view format_name = "IQ4_NL";
  static constexpr int code_bits = 4;
  static constexpr bool keeps_zeros = false;
  static const BlockCodec& codec() {
    using Block = detail::Iq4NlBlock;
    static constexpr BlockCodec all =
        codec_with(20, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }

  using KernelOrder = BlockTiles<4, 2, 0>;
  using Codes = TableCodes;
  using ScaleReader = Float16Scales;
  static constexpr bool first_in_high_nibble = false;
  static constexpr std::array<std::int8_t, 16> integers = iq4_values;
  static constexpr float integer_unit = 1;
  static constexpr float integer_shift = 0;
  /// Of a matrix in kernel order.
  static Float16Scales scales(MatrixRef<IQ4_NL> matrix) { return Float16Scales(matrix.data); }
  static void decode_codes(const std::uint8_t* codes, std::uint64_t from, std::uint64_t to, float scale,
                           float* out) {
    Codes::decode(integers, codes, from, to, scale, out);
  }
};

/// Quantization policy: ggml's IQ4_XS, the codes of IQ4_NL in blocks of 256 with a binary16 scale, times 8 integers of
/// 6 bits and either sign. 4.25 bits a weight.
struct IQ4_XS : GgmlBlocks<IQ4_XS, 256, 136> {
  static constexpr std::string_view format_name = "IQ4_XS";
  static constexpr int code_bits = 4;
  static constexpr bool keeps_zeros = false;
  static const BlockCodec& codec() {
    using Block = detail::Iq4XsBlock;
    static constexpr BlockCodec all =
        codec_with(23, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }
};

/// Quantization policy: MXFP4 as ggml stores it, codes of E2M1 times a power of two (E8M0), in blocks of 32. 4.25 bits
/// a weight. `encode` writes the gguf package's bytes: the largest magnitude lies between 4 and 8 times the scale, so
/// that up to a quarter is cut off.
struct MXFP4 : GgmlBlocks<MXFP4, 32, 17> {
  static constexpr std::string_view format_name = "MXFP4";
  static constexpr int code_bits = 4;
  static const BlockCodec& codec() {
    using Block = detail::Mxfp4Block;
    static constexpr BlockCodec all =
        codec_with(39, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }

  using KernelOrder = BlockTiles<4, 1, 0>;
  using Codes = TableCodes;
  using ScaleReader = HalvedE8m0Scales;
  static constexpr bool first_in_high_nibble = false;
  static constexpr std::array<std::int8_t, 16> integers = mxfp4_values;
  static constexpr float integer_unit = 1;
  static constexpr float integer_shift = 0;
  /// Of a matrix in kernel order.
  static HalvedE8m0Scales scales(MatrixRef<MXFP4> matrix) { return HalvedE8m0Scales(matrix.data); }
  static void decode_codes(const std::uint8_t* codes, std::uint64_t from, std::uint64_t to, float scale,
                           float* out) {
    Codes::decode(integers, codes, from, to, scale, out);
  }
};

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/ggml_tables_impl.hpp"
#endif
