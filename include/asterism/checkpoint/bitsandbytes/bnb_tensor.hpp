// A weight in one of bitsandbytes' 4-bit formats: its parts, and their decoding.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/quant/nf4_table.hpp"

namespace asterism::checkpoint {

/// The values of the sixteen codes.
enum class FourBitKind : std::uint8_t { nf4, fp4 };

/// The value of each FP4 code, relative to the scale of its block; bit 3 is the sign.
/// Source: bitsandbytes, `get_4bit_type("fp4")`.
inline constexpr std::array<float, 16> fp4_table = {
    0.0F, 0.0052083335F,  0.6666667F,  1.0F,  0.33333334F,  0.5F,  0.16666667F,  0.25F,
    0.0F, -0.0052083335F, -0.6666667F, -1.0F, -0.33333334F, -0.5F, -0.16666667F, -0.25F};

/// The values of the codes.
constexpr const std::array<float, 16>& four_bit_table(FourBitKind kind) {
  return kind == FourBitKind::nf4 ? quant::nf4_table : fp4_table;
}

/// One validated 4-bit weight. Borrows from the TensorStore.
/// Codes are in the order of the flattened row-major weight; byte k holds code 2k in its high and 2k + 1 in its
/// low nibble. Weight j is table[code j] * scale(j / blocksize); the last block may be shorter.
struct BnbTensor {
  FourBitKind kind = FourBitKind::nf4;
  std::vector<std::uint64_t> shape;  ///< (out, in), or (experts, out, in)
  std::uint64_t elements = 0;        ///< product of `shape`, at least 1
  std::uint64_t blocksize = 0;       ///< elements that share a scale: a power of two from 32 to 4096
  std::uint64_t blocks = 0;          ///< elements / blocksize, rounded up
  std::string dtype;                 ///< before quantization: "bfloat16", "float16", "float32"
  bool nested = false;               ///< the scales are quantized to 8 bits
  file::StoredBytes codes;           ///< (elements + 1) / 2 bytes
  file::StoredBytes absmax;          ///< `blocks` scales: float32, or one byte each if nested
  file::StoredBytes nested_absmax;   ///< if nested: a float32 for each 256 blocks
  std::array<float, 256> nested_quant_map = {};  ///< if nested: the values of the bytes of `absmax`
  /// If nested: whether `nested_quant_map` is quant::dynamic_map bit for bit. Otherwise it differs by rounding,
  /// since bitsandbytes computes it with torch.linspace, whose last bit depends on the processor.
  bool exact_nested_map = true;
  float nested_offset = 0;  ///< if nested: added to every scale
  std::string where;        ///< "FILE: tensor 'NAME'", for messages

  static constexpr std::uint64_t nested_blocksize = 256;

  /// The scale of one block, block < `blocks`: finite; rounded to float32 after each operation.
  float scale(std::uint64_t block) const;
  /// The scales of the blocks from `first` on.
  void read_scales(std::uint64_t first, View<float> out) const;
};

namespace detail {

/// Elements [first, first + out.size) of stored floats.
void read_stored_floats(const file::StoredBytes& from, std::uint64_t first, View<float> out);

}  // namespace detail

/// Elements [first, first + out.size) of the flattened weight: table[code] * scale, rounded to the dtype that its
/// quant_state names, as in bitsandbytes. InvalidArgument if the range exceeds the weight; FormatError naming the
/// element if float16 can't hold one. Does not allocate on success.
void read_floats(const BnbTensor& tensor, std::uint64_t first, View<float> out);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/bitsandbytes/bnb_tensor_impl.hpp"
#endif
