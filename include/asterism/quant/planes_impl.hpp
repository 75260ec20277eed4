// Bodies of planes.hpp.
#pragma once

#include <cstring>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/planes.hpp"

namespace asterism::quant {

ASTERISM_INLINE void clear_padding(const Planes& layout, std::byte* out) {
  for (int i = 0; i < layout.count; ++i) {
    const std::uint64_t from = layout[i].offset + layout[i].bytes;
    const std::uint64_t to = i + 1 < layout.count ? layout[i + 1].offset : layout.bytes().count;
    std::memset(out + from, 0, static_cast<std::size_t>(to - from));
  }
}

namespace detail {

ASTERISM_INLINE void refuse_elements(std::uint64_t rows, std::uint64_t cols) {
  throw InvalidArgument(concat("a matrix of ", rows, " x ", cols, " elements is larger than any memory"));
}

}  // namespace detail

}  // namespace asterism::quant
