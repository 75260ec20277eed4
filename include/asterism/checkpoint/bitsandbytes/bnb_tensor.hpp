// A weight in the 4-bit formats of bitsandbytes: its parts, and how they decode.
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

/// What the sixteen codes stand for.
enum class FourBitKind : std::uint8_t { nf4, fp4 };

/// What each code of FP4 stands for, times the scale of its block; bit 3 is the sign.
/// Source: bitsandbytes, `get_4bit_type("fp4")`.
inline constexpr std::array<float, 16> fp4_table = {
    0.0F, 0.0052083335F,  0.6666667F,  1.0F,  0.33333334F,  0.5F,  0.16666667F,  0.25F,
    0.0F, -0.0052083335F, -0.6666667F, -1.0F, -0.33333334F, -0.5F, -0.16666667F, -0.25F};

/// The codes' values.
constexpr const std::array<float, 16>& four_bit_table(FourBitKind kind) {
  return kind == FourBitKind::nf4 ? quant::nf4_table : fp4_table;
}

/// One 4-bit weight, checked. Borrows from the TensorStore.
/// The codes run over the flattened row-major weight; byte k holds code 2k in its high and 2k + 1 in its low
/// nibble. Weight j is table[code j] * scale(j / blocksize); the last block may be shorter.
struct BnbTensor {
  FourBitKind kind = FourBitKind::nf4;
  std::vector<std::uint64_t> shape;  ///< (out, in), or (experts, out, in)
  std::uint64_t elements = 0;        ///< product of `shape`, at least 1
  std::uint64_t blocksize = 0;       ///< elements that share a scale: a power of two from 32 to 4096
  std::uint64_t blocks = 0;          ///< elements / blocksize, rounded up
  std::string dtype;                 ///< of the weight before it was quantized: "bfloat16", "float16", "float32"
  bool nested = false;               ///< the scales are quantized to 8 bits
  file::StoredBytes codes;           ///< (elements + 1) / 2 bytes
  file::StoredBytes absmax;          ///< `blocks` scales: float32, or one byte each where nested
  file::StoredBytes nested_absmax;   ///< where nested: a float32 for each 256 blocks
  std::array<float, 256> nested_quant_map = {};  ///< where nested: what the bytes of `absmax` stand for
  /// Where nested: whether `nested_quant_map` is quant::dynamic_map bit for bit. Else it differs by a rounding,
  /// since bitsandbytes computes it with torch.linspace, whose last bit depends on the processor.
  bool exact_nested_map = true;
  float nested_offset = 0;  ///< where nested: is added to every scale
  std::string where;        ///< "FILE: tensor 'NAME'", for messages

  static constexpr std::uint64_t nested_blocksize = 256;

  /// The scale of one block, block < `blocks`: finite; rounded to float32 after each operation.
  float scale(std::uint64_t block) const;
  /// Those of the blocks from `first` on.
  void read_scales(std::uint64_t first, View<float> out) const;
};

namespace detail {

/// Floats [first, first + out.size) of stored ones.
void read_stored_floats(const file::StoredBytes& from, std::uint64_t first, View<float> out);

}  // namespace detail

/// Elements [first, first + out.size) of the flattened weight: table[code] * scale, rounded to the dtype that its
/// quant_state names, as bitsandbytes does. InvalidArgument when the range exceeds the weight; FormatError naming the
/// element where float16 can't hold one. Allocates nothing on success.
void read_floats(const BnbTensor& tensor, std::uint64_t first, View<float> out);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/bitsandbytes/bnb_tensor_impl.hpp"
#endif
