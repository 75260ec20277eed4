// The kernel order of formats whose files keep codes and scale of each block together: ggml's in blocks of 32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace asterism::quant {

/// Kernel order of a format of ggml in blocks of 32: a scale of `ScaleBytes`, then 16 bytes with code j in the low
/// nibble of byte j and code j + 16 in the high one, or 32 bytes.
///
/// A permutation inside each tile of sixteen rows: first the codes of all, then the scales. Both lie in their part as
/// RowTiles has them: unit u (4 bytes of consecutive columns, of two codes the first in the low nibble) of row i of the
/// tile at place 16 u + i, scale b at place 16 b + i. Of the rows behind the last whole tile each is put in that order
/// by itself. 4-bit codes are xored with `Flip` a byte.
template <int Bits, int ScaleBytes, std::uint8_t Flip>
struct BlockTiles {
  static_assert(Bits == 4 || Bits == 8, "codes have 4 or 8 bits");
  static constexpr int bits = Bits;
  static constexpr int block = 32;
  static constexpr std::uint64_t unit_columns = 32 / Bits;
  static constexpr std::uint64_t scale_bytes = ScaleBytes;
  static constexpr std::uint64_t code_bytes = block * Bits / 8;
  static constexpr std::uint64_t block_bytes = code_bytes + ScaleBytes;  ///< of a block in a file

  /// True for every width that the format takes.
  static constexpr bool applies(std::uint64_t cols) { return cols > 0 && cols % block == 0; }
  static constexpr std::uint64_t row_blocks(std::uint64_t cols) { return cols / block; }

  /// Codes of a block as in a file to units, and back.
  static void to_units(const std::byte* codes, std::byte* units) {
    if constexpr (Bits == 8) {
      std::memcpy(units, codes, code_bytes);
    } else {
      for (std::size_t j = 0; j < code_bytes; j += 2) {
        const auto first = static_cast<unsigned>(codes[j]);
        const auto second = static_cast<unsigned>(codes[j + 1]);
        units[j / 2] = static_cast<std::byte>(((first & 15U) | (second & 15U) << 4U) ^ Flip);
        units[code_bytes / 2 + j / 2] = static_cast<std::byte>((first >> 4U | (second & 0xF0U)) ^ Flip);
      }
    }
  }
  static void from_units(const std::byte* units, std::byte* codes) {
    if constexpr (Bits == 8) {
      std::memcpy(codes, units, code_bytes);
    } else {
      for (std::size_t j = 0; j < code_bytes; j += 2) {
        const unsigned lower = static_cast<unsigned>(units[j / 2]) ^ Flip;
        const unsigned upper = static_cast<unsigned>(units[code_bytes / 2 + j / 2]) ^ Flip;
        codes[j] = static_cast<std::byte>((lower & 15U) | (upper & 15U) << 4U);
        codes[j + 1] = static_cast<std::byte>(lower >> 4U | (upper & 0xF0U));
      }
    }
  }

  /// Permutes `rows` rows, which are a tile or one, by way of `copy`, a buffer of the same size.
  static void reorder(std::byte* data, std::uint64_t rows, std::uint64_t cols, bool to_tiles, std::byte* copy) {
    const std::uint64_t blocks = row_blocks(cols);
    std::memcpy(copy, data, static_cast<std::size_t>(rows * blocks * block_bytes));
    std::byte* in_file = to_tiles ? copy : data;
    std::byte* codes = to_tiles ? data : copy;
    std::byte* scales = codes + rows * blocks * code_bytes;
    std::byte units[code_bytes];
    for (std::uint64_t i = 0; i < rows; ++i) {
      for (std::uint64_t b = 0; b < blocks; ++b) {
        std::byte* of_file = in_file + (i * blocks + b) * block_bytes;
        std::byte* scale = scales + (b * rows + i) * scale_bytes;
        const auto place = [&](std::uint64_t u) { return codes + ((b * code_bytes / 4 + u) * rows + i) * 4; };
        if (to_tiles) {
          std::memcpy(scale, of_file, scale_bytes);
          to_units(of_file + scale_bytes, units);
          for (std::uint64_t u = 0; u < code_bytes / 4; ++u) std::memcpy(place(u), units + u * 4, 4);
        } else {
          std::memcpy(of_file, scale, scale_bytes);
          for (std::uint64_t u = 0; u < code_bytes / 4; ++u) std::memcpy(units + u * 4, place(u), 4);
          from_units(units, of_file + scale_bytes);
        }
      }
    }
  }
};

/// A kernel order of whole blocks.
template <class Order>
concept TilesBlocks = requires {
  Order::block_bytes;
};

}  // namespace asterism::quant
