// ggml's formats in blocks of 256 whose scales are integers times a scale of the block: Q2_K to Q6_K.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/quant/ggml_blocks.hpp"

namespace asterism::quant {

namespace detail {

inline constexpr int k_elements = 256;

/// What a block of 256 holds, apart from how its bits lie. Weight i, in sub-block s, is (scale * scales[s]) * (codes[i]
/// less a constant) less (minimum * minima[s]), each operation rounded to float32.
struct KFields {
  std::uint8_t codes[k_elements];
  std::int16_t scales[16];
  std::int16_t minima[16];
  std::uint16_t scale;    ///< binary16
  std::uint16_t minimum;  ///< binary16
};

/// Of the 12 bytes with the eight scales and minima of Q4_K and Q5_K, each of 6 bits, the scale of sub-block k.
inline int k_scale(const std::uint8_t* bytes, int k) {
  return k < 4 ? bytes[k] & 63 : (bytes[k + 4] & 15) | bytes[k - 4] >> 6 << 4;
}
/// The minimum.
inline int k_minimum(const std::uint8_t* bytes, int k) {
  return k < 4 ? bytes[k + 4] & 63 : bytes[k + 4] >> 4 | bytes[k] >> 6 << 4;
}

/// All of them as bytes, in order.
struct KScales {
  std::uint64_t scales = 0;
  std::uint64_t minima = 0;

  explicit KScales(const std::uint8_t* bytes) {
    std::uint32_t words[3];
    std::memcpy(words, bytes, sizeof words);
    const auto later = [&](std::uint32_t low, std::uint32_t high) {
      return std::uint64_t{(low & 0x0F0F0F0FU) | (high >> 6U & 0x03030303U) << 4U} << 32U;
    };
    scales = (words[0] & 0x3F3F3F3FU) | later(words[2], words[0]);
    minima = (words[1] & 0x3F3F3F3FU) | later(words[2] >> 4U, words[1]);
  }
};

/// Blocks with codes of `Bits` bits, 2 to 6.
template <int Bits>
struct KBlock {
  static constexpr bool has_minima = Bits == 2 || Bits == 4 || Bits == 5;
  static constexpr int sub_elements = Bits == 4 || Bits == 5 ? 32 : 16;
  static constexpr int sub_blocks = k_elements / sub_elements;
  static constexpr int count = 1 << Bits;
  static constexpr int lowest = has_minima ? 0 : -count / 2;
  static constexpr int lowest_scale = has_minima ? 0 : Bits == 3 ? -32 : -128;
  static constexpr int highest_scale = Bits == 2 ? 15 : Bits == 4 || Bits == 5 ? 63 : Bits == 3 ? 31 : 127;

  static KFields unpack(const std::uint8_t* block);
  static void pack(const KFields& fields, std::uint8_t* block);

  static void encode(const float* weights, std::uint8_t* block);
  static void decode(const std::uint8_t* block, float* weights);
  static BlockLevels levels(const std::uint8_t* block, std::uint32_t i);
  static bool is_sound(const std::uint8_t* block);
};

}  // namespace detail

/// Quantization policy: ggml's Q2_K, 256 weights in 16 sub-blocks, codes 0 ... 3 with a scale and a minimum of 4 bits
/// each. 2.625 bits a weight. As in Q4_K and Q5_K a zero among other weights need not stay zero; as in all K formats
/// scales are fitted to the least squared error.
struct Q2_K : GgmlBlocks<Q2_K, 256, 84> {
  static constexpr std::string_view format_name = "Q2_K";
  static constexpr int code_bits = 2;
  static constexpr bool keeps_zeros = false;
  static const BlockCodec& codec() {
    using Block = detail::KBlock<2>;
    static constexpr BlockCodec all =
        codec_with(10, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }
};

/// Quantization policy: ggml's Q3_K, 256 weights in 16 sub-blocks, codes -4 ... 3 with scales of 6 bits and either
/// sign. 3.4375 bits a weight.
struct Q3_K : GgmlBlocks<Q3_K, 256, 110> {
  static constexpr std::string_view format_name = "Q3_K";
  static constexpr int code_bits = 3;
  static const BlockCodec& codec() {
    using Block = detail::KBlock<3>;
    static constexpr BlockCodec all =
        codec_with(11, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }
};

/// Quantization policy: ggml's Q4_K, 256 weights in 8 sub-blocks, codes 0 ... 15 with a scale and a minimum of 6 bits
/// each. 4.5 bits a weight.
struct Q4_K : GgmlBlocks<Q4_K, 256, 144> {
  static constexpr std::string_view format_name = "Q4_K";
  static constexpr int code_bits = 4;
  static constexpr bool keeps_zeros = false;
  static const BlockCodec& codec() {
    using Block = detail::KBlock<4>;
    static constexpr BlockCodec all =
        codec_with(12, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }
};

/// Quantization policy: ggml's Q5_K, Q4_K with codes 0 ... 31. 5.5 bits a weight.
struct Q5_K : GgmlBlocks<Q5_K, 256, 176> {
  static constexpr std::string_view format_name = "Q5_K";
  static constexpr int code_bits = 5;
  static constexpr bool keeps_zeros = false;
  static const BlockCodec& codec() {
    using Block = detail::KBlock<5>;
    static constexpr BlockCodec all =
        codec_with(13, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }
};

/// Quantization policy: ggml's Q6_K, 256 weights in 16 sub-blocks, codes -32 ... 31 with scales of 8 bits. 6.5625 bits
/// a weight.
struct Q6_K : GgmlBlocks<Q6_K, 256, 210> {
  static constexpr std::string_view format_name = "Q6_K";
  static constexpr int code_bits = 6;
  static const BlockCodec& codec() {
    using Block = detail::KBlock<6>;
    static constexpr BlockCodec all =
        codec_with(14, &Block::encode, &Block::decode, &Block::levels, &Block::is_sound);
    return all;
  }
};

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/ggml_k_blocks_impl.hpp"
#endif
