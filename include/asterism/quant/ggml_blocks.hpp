// What all formats of ggml have in common: members of a Quantization made of functions on one block.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "asterism/core/view.hpp"
#include "asterism/quant/block_codec.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/matrix_ref.hpp"
#include "asterism/quant/planes.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::quant {

/// Base of the formats of ggml: `Elements` consecutive weights of a row are a block of `Bytes` bytes, as GGUF files
/// have them; one plane, "blocks". Rows are whole blocks: `planes` throws InvalidArgument for another width. Q has
/// `codec`, the functions on one block. `encode` throws NumericError where a scale leaves its range. Decoded weights
/// are those of the gguf package to the bit: products and sums are rounded one by one.
template <class Q, std::uint32_t Elements, std::uint32_t Bytes>
struct GgmlBlocks {
  static constexpr std::uint32_t block = Elements;
  static constexpr std::uint32_t block_bytes = Bytes;
  static constexpr std::uint64_t width_multiple = Elements;
  static constexpr double bits_per_weight = 8.0 * Bytes / Elements;
  static constexpr std::size_t element_bytes = 0;

  static std::string name() { return std::string(Q::codec().name); }

  static constexpr Planes planes(std::uint64_t rows, std::uint64_t cols) {
    const std::uint64_t count = element_count(rows, cols);
    if (cols % Elements != 0) detail::refuse_width(Q::format_name, Elements, cols);
    Planes result;
    result.add("blocks", count / Elements * Bytes);
    return result;
  }

  /// Scratch memory: one piece of the source.
  static void encode(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
    clear_padding(planes(rows, cols), out);
    encode_blocks(Q::codec(), source, rows * cols, out);
  }
  static void decode(MatrixRef<Q> matrix, std::uint64_t first_element, View<float> out) {
    decode_blocks(Q::codec(), matrix.data, first_element, out);
  }
  static double error_bound(MatrixRef<Q> matrix, std::uint64_t element, float original) {
    return block_error_bound(Q::codec(), matrix.data, element, original);
  }

 protected:
  static constexpr BlockCodec codec_with(std::uint32_t type, void (*encode)(const float*, std::uint8_t*),
                                         void (*decode)(const std::uint8_t*, float*),
                                         BlockLevels (*levels)(const std::uint8_t*, std::uint32_t),
                                         bool (*is_sound)(const std::uint8_t*)) {
    return {type, Q::format_name, Elements, Bytes, encode, decode, levels, is_sound};
  }
};

/// A format whose standard order is that of ggml's blocks.
template <class Q>
concept GgmlFormat = requires {
  { Q::codec() } -> std::same_as<const BlockCodec&>;
};

namespace detail {

inline std::uint16_t bits16(const std::uint8_t* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return bits;
}
inline float half_at(const std::uint8_t* at) { return float_from_float16(bits16(at)); }
inline void store16(std::uint16_t bits, std::uint8_t* at) { std::memcpy(at, &bits, sizeof bits); }
inline bool is_finite_half(const std::uint8_t* at) { return (bits16(at) & 0x7C00U) != 0x7C00U; }

/// At most how far a binary16 lies from the number that was rounded to it.
inline double half_rounding(double stored) {
  const double size = stored < 0 ? -stored : stored;
  return size * 0x1p-10 > 0x1p-24 ? size * 0x1p-10 : 0x1p-24;
}

}  // namespace detail

}  // namespace asterism::quant
