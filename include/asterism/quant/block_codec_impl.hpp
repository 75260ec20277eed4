// Bodies of block_codec.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/block_codec.hpp"

namespace asterism::quant {

namespace detail {

inline constexpr std::uint32_t most_block_elements = 256;

template <int Elements>
void encode_blocks_of(const BlockCodec& codec, WeightSource source, std::uint64_t count, std::uint8_t* out) {
  for_each_block<Elements>(source, count, [&](std::uint64_t b, const float* weights) {
    std::uint8_t* block = out + b * codec.bytes;
    codec.encode(weights, block);
    if (codec.is_sound(block)) return;
    throw NumericError(concat("elements ", b * Elements, " to ", b * Elements + Elements - 1,
                              " exceed the range of ", codec.name,
                              ": store this tensor as bfloat16, float32 or nf4"));
  });
}

ASTERISM_INLINE void refuse_width(std::string_view format, std::uint64_t elements, std::uint64_t cols) {
  throw InvalidArgument(
      concat(format, " has blocks of ", elements, " weights of a row, and rows of ", cols,
             " are not whole ones: store this matrix in a format with smaller blocks, or without"));
}

}  // namespace detail

ASTERISM_INLINE void encode_blocks(const BlockCodec& codec, WeightSource source, std::uint64_t count,
                                   std::byte* out) {
  auto* bytes = reinterpret_cast<std::uint8_t*>(out);
  if (codec.elements == 32) return detail::encode_blocks_of<32>(codec, source, count, bytes);
  detail::encode_blocks_of<detail::most_block_elements>(codec, source, count, bytes);
}

ASTERISM_INLINE void decode_blocks(const BlockCodec& codec, const std::byte* data, std::uint64_t first,
                                   View<float> out) {
  const auto* blocks = reinterpret_cast<const std::uint8_t*>(data);
  std::size_t done = 0;
  while (done < out.size) {
    const std::uint64_t at = first + done;
    const std::uint8_t* block = blocks + at / codec.elements * codec.bytes;
    const auto inside = static_cast<std::size_t>(at % codec.elements);
    const std::size_t n = std::min<std::size_t>(codec.elements - inside, out.size - done);
    if (n == codec.elements) {
      codec.decode(block, out.data + done);
    } else {
      float weights[detail::most_block_elements];
      codec.decode(block, weights);
      std::copy_n(weights + inside, n, out.data + done);
    }
    done += n;
  }
}

ASTERISM_INLINE std::uint64_t first_unsound(const BlockCodec& codec, View<const std::byte> data) {
  const auto* blocks = reinterpret_cast<const std::uint8_t*>(data.data);
  const std::uint64_t count = data.size / codec.bytes;
  std::uint64_t b = 0;
  while (b < count && codec.is_sound(blocks + b * codec.bytes)) ++b;
  return b;
}

ASTERISM_INLINE double block_error_bound(const BlockCodec& codec, const std::byte* data, std::uint64_t element,
                                         float original) {
  const std::uint8_t* block = reinterpret_cast<const std::uint8_t*>(data) + element / codec.elements * codec.bytes;
  const BlockLevels levels = codec.levels(block, static_cast<std::uint32_t>(element % codec.elements));
  const double outside = std::fmax(levels.lowest - original, original - levels.highest);
  const double largest =
      std::fmax(std::fabs(double{original}), std::fmax(std::fabs(levels.lowest), std::fabs(levels.highest)));
  return std::fmax(levels.gap / 2, outside) + levels.slack + 0x1p-20 * largest + 0x1p-148;
}

}  // namespace asterism::quant
