// Blocks of weights as ggml stores them, one at a time: what code without templates knows of such a format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::quant {

/// The values that a weight's code may stand for in its block.
struct BlockLevels {
  double lowest = 0;
  double highest = 0;
  double gap = 0;    ///< the widest between two neighbours
  double slack = 0;  ///< more, where codes refer to scales before these were rounded
};

/// A format of ggml whose blocks of `elements` weights take `bytes` bytes and never cross rows. Functions work on one
/// block, are thread-safe and don't allocate. Source: ggml, `ggml-common.h`; the gguf package 0.19, `quants.py`.
struct BlockCodec {
  std::uint32_t type = 0;  ///< the number of the format in GGUF files
  std::string_view name;
  std::uint32_t elements = 0;
  std::uint32_t bytes = 0;
  /// Finite weights; `block` may get scales that are not finite, see `is_sound`.
  void (*encode)(const float* weights, std::uint8_t* block) = nullptr;
  /// Any bytes with finite scales.
  void (*decode)(const std::uint8_t* block, float* weights) = nullptr;
  /// Of weight i of the block.
  BlockLevels (*levels)(const std::uint8_t* block, std::uint32_t i) = nullptr;
  /// Whether all scales are finite, and with them all weights.
  bool (*is_sound)(const std::uint8_t* block) = nullptr;
};

/// Encodes the `count` weights of a source, whole blocks, to `out`. NumericError for NaN, infinity and scales beyond
/// the format's range, naming elements.
void encode_blocks(const BlockCodec& codec, WeightSource source, std::uint64_t count, std::byte* out);

/// Decodes elements [first, first + out.size) of blocks that begin at `data`. Does not allocate.
void decode_blocks(const BlockCodec& codec, const std::byte* data, std::uint64_t first, View<float> out);

/// The first of the blocks in `data`, whole ones, whose scales are not finite; their number if there is none.
std::uint64_t first_unsound(const BlockCodec& codec, View<const std::byte> data);

/// At most how far the weight `element` of blocks at `data` lies from what was encoded.
double block_error_bound(const BlockCodec& codec, const std::byte* data, std::uint64_t element, float original);

namespace detail {
[[noreturn]] void refuse_width(std::string_view format, std::uint64_t elements, std::uint64_t cols);
}  // namespace detail

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/block_codec_impl.hpp"
#endif
