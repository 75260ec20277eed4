// Bodies of nf4.hpp, as templates: see kernels.hpp.
#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/nf4_block.hpp"

namespace asterism::quant {

template <int Block, class Scales, class ScaleRule>
inline std::string Nf4<Block, Scales, ScaleRule>::name() {
  std::string result = concat("nf4 block ", Block);
  for (const std::string& part : {Scales::name(), ScaleRule::name()}) {
    if (!part.empty()) result += ", " + part;
  }
  return result;
}

template <int Block, class Scales, class ScaleRule>
inline void Nf4<Block, Scales, ScaleRule>::encode(WeightSource source, std::uint64_t rows, std::uint64_t cols,
                                                  std::byte* out) {
  const Planes layout = planes(rows, cols);
  const std::uint64_t count = rows * cols;
  clear_padding(layout, out);
  std::vector<float> scales(static_cast<std::size_t>((count + Block - 1) / Block));
  for_each_block<Block>(source, count, [&](std::uint64_t b, const float* values) {
    const float scale = ScaleRule::template scale<Codes, Block>(values);
    scales[static_cast<std::size_t>(b)] = scale;
    if constexpr (!ScaleRule::codes_follow_stored_scale) encode_block(b, values, scale, count, out);
  });
  Scales::store(scales, layout, out);
  if constexpr (ScaleRule::codes_follow_stored_scale) {
    const typename Scales::Reader stored(out, layout);
    for_each_block<Block>(source, count, [&](std::uint64_t b, const float* values) {
      encode_block(b, values, stored(b), count, out);
    });
  }
}

template <int Block, class Scales, class ScaleRule>
inline void Nf4<Block, Scales, ScaleRule>::decode(MatrixRef<Nf4> matrix, std::uint64_t first_element,
                                                  View<float> out) {
  const auto* codes = reinterpret_cast<const std::uint8_t*>(matrix.data);
  const auto scale_of = scales(matrix);
  const std::uint64_t end = first_element + out.size;
  for (std::uint64_t at = first_element; at < end;) {
    const std::uint64_t block_end = (at / Block + 1) * Block;
    const std::uint64_t stop = block_end < end ? block_end : end;
    decode_codes(codes, at, stop, scale_of(at / Block), out.data + (at - first_element));
    at = stop;
  }
}

template <int Block, class Scales, class ScaleRule>
inline void Nf4<Block, Scales, ScaleRule>::decode_codes(const std::uint8_t* codes, std::uint64_t from,
                                                        std::uint64_t to, float scale, float* out) {
  decode_nf4_codes(codes, from, to, scale, out);
}

template <int Block, class Scales, class ScaleRule>
inline double Nf4<Block, Scales, ScaleRule>::error_bound(MatrixRef<Nf4> matrix, std::uint64_t element,
                                                         float original) {
  const auto scale_of = scales(matrix);
  const double scale = std::fabs(double{scale_of(element / Block)});
  const double magnitude = std::fabs(double{original});
  const double inside = nf4_widest_gap / 2 * scale;
  const double outside = magnitude - scale;
  const double rounding = 0x1p-22 * magnitude + 0x1p-148;
  const double moved = ScaleRule::codes_follow_stored_scale ? 0 : 2 * scale_of.error_bound(element / Block);
  return std::fmax(inside, outside) + moved + rounding;
}

template <int Block, class Scales, class ScaleRule>
inline void Nf4<Block, Scales, ScaleRule>::encode_block(std::uint64_t b, const float* values, float scale,
                                                        std::uint64_t count, std::byte* out) {
  std::uint8_t bytes[Block / 2];
  encode_nf4_block<Block>(values, scale, bytes);
  const std::uint64_t first = b * Block;
  const std::uint64_t used = count - first < Block ? (count - first + 1) / 2 : Block / 2;
  std::memcpy(out + first / 2, bytes, static_cast<std::size_t>(used));
}

}  // namespace asterism::quant
