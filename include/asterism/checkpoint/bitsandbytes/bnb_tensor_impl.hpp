// Bodies of bnb_tensor.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/checkpoint/safetensors/float_bits.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/quant/rounding.hpp"

namespace asterism::checkpoint {

namespace detail {

ASTERISM_INLINE void read_stored_floats(const file::StoredBytes& from, std::uint64_t first, View<float> out) {
  from.read(first * sizeof(float), {reinterpret_cast<std::byte*>(out.data), out.size * sizeof(float)});
}

/// A piece of a weight that is being decoded.
struct FourBitPiece {
  const std::byte* codes = nullptr;  ///< the first one in the high nibble, or in the low one if `odd`
  const float* scales = nullptr;     ///< of the block of the first element and those after it
  std::uint64_t begin = 0;           ///< index of the first element in the weight
  bool odd = false;
};

template <class Round>
void decode_piece(const BnbTensor& tensor, const FourBitPiece& piece, View<float> out, const Round& round) {
  const std::array<float, 16>& table = four_bit_table(tensor.kind);
  const std::uint64_t first_block = piece.begin / tensor.blocksize;
  for (std::size_t i = 0; i < out.size;) {
    const std::uint64_t block = (piece.begin + i) / tensor.blocksize;
    const std::uint64_t end = (block + 1) * tensor.blocksize - piece.begin;
    const float scale = piece.scales[static_cast<std::size_t>(block - first_block)];
    for (const std::size_t stop = std::min<std::uint64_t>(end, out.size); i < stop; ++i) {
      const std::size_t place = i + (piece.odd ? 1 : 0);
      const auto byte = std::to_integer<unsigned>(piece.codes[place / 2]);
      out[i] = round(table[place % 2 == 0 ? byte >> 4U : byte & 15U] * scale);
    }
  }
}

/// Throws FormatError if a float16 value has become infinite.
ASTERISM_INLINE void check_float16(const BnbTensor& tensor, std::uint64_t first, View<const float> values) {
  for (std::size_t i = 0; i < values.size; ++i) {
    if (is_finite_bits(std::bit_cast<std::uint32_t>(values[i]))) continue;
    throw FormatError(concat(tensor.where, " holds a value beyond 65504 at element ", first + i,
                             ", which float16, the dtype in its quant_state, can't hold"));
  }
}

}  // namespace detail

ASTERISM_INLINE float BnbTensor::scale(std::uint64_t block) const {
  float value = 0;
  read_scales(block, {&value, 1});
  return value;
}

ASTERISM_INLINE void BnbTensor::read_scales(std::uint64_t first, View<float> out) const {
  if (!nested) return detail::read_stored_floats(absmax, first, out);
  std::array<std::byte, nested_blocksize> codes_of_group;
  for (std::size_t done = 0; done < out.size;) {
    const std::uint64_t group = (first + done) / nested_blocksize;
    const auto count = static_cast<std::size_t>(
        std::min<std::uint64_t>((group + 1) * nested_blocksize - (first + done), out.size - done));
    float nested_scale = 0;
    detail::read_stored_floats(nested_absmax, group, {&nested_scale, 1});
    absmax.read(first + done, {codes_of_group.data(), count});
    for (std::size_t i = 0; i < count; ++i) {
      const float code = nested_quant_map[std::to_integer<std::uint8_t>(codes_of_group[i])];
      out[done + i] = quant::rounded_to_float32(code * nested_scale) + nested_offset;
    }
    done += count;
  }
}

ASTERISM_INLINE void read_floats(const BnbTensor& tensor, std::uint64_t first, View<float> out) {
  if (first > tensor.elements || out.size > tensor.elements - first) {
    throw InvalidArgument(
        concat(tensor.where, ": elements ", first, " + ", out.size, " asked for, it has ", tensor.elements));
  }
  constexpr std::size_t most = 1U << 13U;  // elements at a time
  std::array<std::byte, most / 2 + 1> codes;
  std::array<float, most / 32 + 1> scales;
  for (std::size_t done = 0; done < out.size;) {
    const std::uint64_t begin = first + done;
    const View<float> part = out.subview(done, std::min(most, out.size - done));
    const std::uint64_t last = begin + part.size - 1;
    const std::uint64_t first_block = begin / tensor.blocksize;
    tensor.read_scales(first_block,
                       {scales.data(), static_cast<std::size_t>(last / tensor.blocksize - first_block + 1)});
    tensor.codes.read(begin / 2, {codes.data(), static_cast<std::size_t>(last / 2 - begin / 2 + 1)});
    const detail::FourBitPiece piece{codes.data(), scales.data(), begin, begin % 2 != 0};
    if (tensor.dtype == "bfloat16") {
      detail::decode_piece(tensor, piece, part, [](float value) {
        return quant::float_from_bfloat16(quant::bfloat16_from_float(value));
      });
    } else if (tensor.dtype == "float16") {
      detail::decode_piece(tensor, piece, part, [](float value) {
        return quant::float_from_float16(quant::float16_from_float(value));
      });
      detail::check_float16(tensor, begin, part);
    } else {
      detail::decode_piece(tensor, piece, part, [](float value) { return value; });
    }
    done += part.size;
  }
}

}  // namespace asterism::checkpoint
