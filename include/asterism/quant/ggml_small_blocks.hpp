// ggml's formats of integers in blocks of 32: Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/quant/block_tiles.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/ggml_blocks.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/integer_codes.hpp"
#include "asterism/quant/matrix_ref.hpp"

namespace asterism::quant {

namespace detail {

/// Blocks of codes of 4 or 5 bits with a binary16 scale and, with `Offset`, a binary16 offset: the scale, the offset,
/// with 5 bits the fifth bits, one for each weight, then byte j with the lower bits of weight j in its low nibble and
/// of weight j + 16 in its high one. A weight is scale * (code - 2^(Bits - 1)), or scale * code + offset.
template <int Bits, bool Offset>
struct SmallBlock {
  static void encode(const float* weights, std::uint8_t* block);
  static void decode(const std::uint8_t* block, float* weights);
  static BlockLevels levels(const std::uint8_t* block, std::uint32_t i);
  static bool is_sound(const std::uint8_t* block) {
    return is_finite_half(block) && (!Offset || is_finite_half(block + 2));
  }
};

/// Blocks of a binary16 scale and 32 bytes.
struct ByteBlock {
  static void encode(const float* weights, std::uint8_t* block);
  static void decode(const std::uint8_t* block, float* weights);
  static BlockLevels levels(const std::uint8_t* block, std::uint32_t i);
  static bool is_sound(const std::uint8_t* block) { return is_finite_half(block); }
};

}  // namespace detail

/// Quantization policy: ggml's Q4_0, codes -8 ... 7 times a scale of either sign; the largest magnitude gets -8.
/// 4.5 bits a weight. `encode` writes the gguf package's bytes.
struct Q4_0 : GgmlBlocks<Q4_0, 32, 18> {
  static constexpr std::string_view format_name = "Q4_0";
  static constexpr int code_bits = 4;
  static const BlockCodec& codec() {
    using Block = detail::SmallBlock<4, false>;
    static constexpr BlockCodec all =
        codec_with(2, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }

  using KernelOrder = BlockTiles<4, 2, 0x88>;  // codes become two's complement
  using Codes = IntegerCodes<4>;
  using ScaleReader = Float16Scales;
  static constexpr bool first_in_high_nibble = false;
  static constexpr std::array<std::int8_t, 16> integers = {0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1};
  static constexpr float integer_unit = 1;
  static constexpr float integer_shift = 0;
  /// Of a matrix in kernel order.
  static Float16Scales scales(MatrixRef<Q4_0> matrix) { return Float16Scales(matrix.data); }
  static void decode_codes(const std::uint8_t* codes, std::uint64_t from, std::uint64_t to, float scale,
                           float* out) {
    Codes::decode(codes, from, to, scale, out);
  }
};

/// Quantization policy: ggml's Q4_1, codes 0 ... 15 times a scale plus an offset, the smallest weight. 5 bits a weight.
/// A zero among other weights need not stay zero. `encode` writes the gguf package's bytes.
struct Q4_1 : GgmlBlocks<Q4_1, 32, 20> {
  static constexpr std::string_view format_name = "Q4_1";
  static constexpr int code_bits = 4;
  static constexpr bool keeps_zeros = false;
  static const BlockCodec& codec() {
    using Block = detail::SmallBlock<4, true>;
    static constexpr BlockCodec all =
        codec_with(3, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }
};

/// Quantization policy: ggml's Q5_0, Q4_0 with codes -16 ... 15. 5.5 bits a weight.
struct Q5_0 : GgmlBlocks<Q5_0, 32, 22> {
  static constexpr std::string_view format_name = "Q5_0";
  static constexpr int code_bits = 5;
  static const BlockCodec& codec() {
    using Block = detail::SmallBlock<5, false>;
    static constexpr BlockCodec all =
        codec_with(6, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }
};

/// Quantization policy: ggml's Q5_1, Q4_1 with codes 0 ... 31. 6 bits a weight.
struct Q5_1 : GgmlBlocks<Q5_1, 32, 24> {
  static constexpr std::string_view format_name = "Q5_1";
  static constexpr int code_bits = 5;
  static constexpr bool keeps_zeros = false;
  static const BlockCodec& codec() {
    using Block = detail::SmallBlock<5, true>;
    static constexpr BlockCodec all =
        codec_with(7, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }
};

/// Quantization policy: ggml's Q8_0, codes -127 ... 127 times a binary16 scale. 8.5 bits a weight. `encode` writes the
/// gguf package's bytes: halves are rounded away from zero.
struct Q8_0 : GgmlBlocks<Q8_0, 32, 34> {
  static constexpr std::string_view format_name = "Q8_0";
  static constexpr int code_bits = 8;
  static const BlockCodec& codec() {
    using Block = detail::ByteBlock;
    static constexpr BlockCodec all =
        codec_with(8, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }

  using KernelOrder = BlockTiles<8, 2, 0>;
  using Codes = IntegerCodes<8>;
  using ScaleReader = Float16Scales;
  static constexpr bool first_in_high_nibble = false;
  static constexpr float integer_unit = 1;
  static constexpr float integer_shift = 0;
  /// Of a matrix in kernel order.
  static Float16Scales scales(MatrixRef<Q8_0> matrix) { return Float16Scales(matrix.data); }
  static void decode_codes(const std::uint8_t* codes, std::uint64_t from, std::uint64_t to, float scale,
                           float* out) {
    Codes::decode(codes, from, to, scale, out);
  }
};

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/ggml_small_blocks_impl.hpp"
#endif
