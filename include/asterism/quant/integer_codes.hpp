// One group of integer codes: from values and a scale to bytes, and back.
#pragma once

#include <array>
#include <cstdint>

#include "asterism/core/bits.hpp"
#include "asterism/quant/divide_by_scale.hpp"

namespace asterism::quant {

/// The integers of `Bits` bits, in two's complement. 8 bits: -127 ... 127, one byte each; -128 is never written,
/// so that codes can be negated. 4 bits: -8 ... 7, two a byte: byte k holds code 2k in its low nibble and code 2k
/// + 1 in its high one.
template <int Bits>
struct IntegerCodes {
  static_assert(Bits == 8 || Bits == 4, "integer codes have 8 or 4 bits");

  static constexpr int lowest = Bits == 8 ? -127 : -8;
  static constexpr int highest = Bits == 8 ? 127 : 7;

  /// Seen by ScaleRule policies: the value that AbsMax gives the largest magnitude, and the multiples of AbsMax's
  /// scale that LeastSquares tries. Neighbouring scales round a group's values differently; with 8 bits that is
  /// most of the possible gain.
  static constexpr float largest = highest;
  static constexpr std::array<float, 9> candidates =
      Bits == 8 ? std::array<float, 9>{0.9945F, 0.9975F, 1.0F, 1.0025F, 1.005F, 1.008F, 1.011F, 1.0145F, 1.018F}
                : std::array<float, 9>{0.73F, 0.77F, 0.81F, 0.85F, 0.89F, 0.93F, 0.97F, 1.0F, 1.03F};

  /// The size of `count` codes in bytes.
  static constexpr std::uint64_t bytes(std::uint64_t count) { return Bits == 8 ? count : (count + 1) / 2; }

  /// Code `i` of those starting at `codes`.
  static int at(const std::uint8_t* codes, std::uint64_t i) {
    if constexpr (Bits == 8) return static_cast<std::int8_t>(codes[i]);
    const int to_the_top = i % 2 == 0 ? 4 : 0;
    return static_cast<std::int8_t>(codes[i / 2] << to_the_top) >> 4;
  }

  /// Decodes the codes [from, to) of those starting at `codes`, times `scale`.
  static void decode(const std::uint8_t* codes, std::uint64_t from, std::uint64_t to, float scale, float* out) {
    const auto value = [&](std::uint64_t i) { return static_cast<float>(at(codes, i)) * scale; };
    if constexpr (Bits == 4) {
      if (from < to && from % 2 == 1) *out++ = value(from++);
      for (; from + 2 <= to; from += 2, out += 2) {  // whole bytes
        const std::uint8_t byte = codes[from / 2];
        out[0] = static_cast<float>(static_cast<std::int8_t>(byte << 4) >> 4) * scale;
        out[1] = static_cast<float>(static_cast<std::int8_t>(byte) >> 4) * scale;
      }
    }
    for (; from < to; ++from) *out++ = value(from);
  }

  /// The code nearest to x, ties to even.
  static int nearest(float x) {
    constexpr auto least = static_cast<float>(lowest);
    constexpr auto most = static_cast<float>(highest);
    x = x < least ? least : x;
    x = x > most ? most : x;
    return nearest_even(x);
  }

  /// out[i]: the code of values[i] / scale.
  template <int Block>
  static void round(const float* values, float scale, float* out) {
    const DivideByScale divide(scale);
    for (int i = 0; i < Block; ++i) out[i] = static_cast<float>(nearest(divide(values[i])));
  }

  /// Encodes `Block` values against `scale` into bytes(Block) bytes.
  template <int Block>
  static void encode(const float* values, float scale, std::uint8_t* out) {
    const DivideByScale divide(scale);
    alignas(64) std::int32_t codes[Block];
    for (int i = 0; i < Block; ++i) codes[i] = nearest(divide(values[i]));
    if constexpr (Bits == 8) {
      for (int i = 0; i < Block; ++i) out[i] = static_cast<std::uint8_t>(codes[i]);
    } else {
      for (int k = 0; k < Block / 2; ++k) {
        out[k] = static_cast<std::uint8_t>((codes[2 * k] & 15) | codes[2 * k + 1] << 4);
      }
    }
  }
};

}  // namespace asterism::quant
