// What is refused in blocks of ggml that come from files.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/block_codec.hpp"

namespace asterism::checkpoint {

/// FormatError, naming the block of the tensor, unless the scales of all blocks in `bytes` are finite. They begin with
/// block `first` of a tensor; `describe` makes the beginning of messages.
template <class Describe>
void check_sound(const quant::BlockCodec& codec, View<const std::byte> bytes, std::uint64_t first,
                 const Describe& describe) {
  const std::uint64_t found = quant::first_unsound(codec, bytes);
  if (found * codec.bytes == bytes.size) return;
  const std::uint64_t element = (first + found) * codec.elements;
  throw FormatError(concat(describe(), ": a scale of block ", first + found, " (elements ", element, " to ",
                           element + codec.elements - 1, ", ", codec.name,
                           ") is NaN, infinite or too large for float32: download or convert the file again"));
}

}  // namespace asterism::checkpoint
