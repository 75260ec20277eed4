// Bodies of bnb_tensor.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/quant/rounding.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE float BnbTensor::scale(std::uint64_t block) const {
  if (!nested) return load_float(absmax, block);
  const auto code = std::to_integer<std::uint8_t>(absmax[static_cast<std::size_t>(block)]);
  return quant::rounded_to_float32(nested_quant_map[code] * load_float(nested_absmax, block / nested_blocksize)) +
         nested_offset;
}

ASTERISM_INLINE float BnbTensor::load_float(View<const std::byte> floats, std::uint64_t index) {
  float value = 0;
  std::memcpy(&value, floats.subview(static_cast<std::size_t>(index) * sizeof value, sizeof value).data,
              sizeof value);
  return value;
}

ASTERISM_INLINE void read_floats(const BnbTensor& tensor, std::uint64_t first, View<float> out) {
  if (first > tensor.elements || out.size > tensor.elements - first) {
    throw InvalidArgument(
        concat(tensor.where, ": elements ", first, " + ", out.size, " asked for, it has ", tensor.elements));
  }
  const std::array<float, 16>& table = four_bit_table(tensor.kind);
  for (std::size_t done = 0; done < out.size;) {
    const std::uint64_t block = (first + done) / tensor.blocksize;
    const std::uint64_t block_end = (block + 1) * tensor.blocksize - first;  // as an index into `out`
    const std::size_t end = block_end < out.size ? static_cast<std::size_t>(block_end) : out.size;
    const float scale = tensor.scale(block);
    for (; done < end; ++done) {
      const std::uint64_t j = first + done;
      const auto byte = std::to_integer<unsigned>(tensor.codes[static_cast<std::size_t>(j / 2)]);
      out[done] = table[j % 2 == 0 ? byte >> 4U : byte & 15U] * scale;
    }
  }
}

}  // namespace asterism::checkpoint
