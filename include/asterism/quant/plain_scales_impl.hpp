// Bodies of plain_scales.hpp.
#pragma once

#include <cstring>

#include "asterism/quant/plain_scales.hpp"

namespace asterism::quant {

ASTERISM_INLINE void PlainScales::store(View<const float> scales, const Planes& layout, std::byte* out) {
  if (!scales.empty()) std::memcpy(out + layout[1].offset, scales.data, scales.size * 4);
}

}  // namespace asterism::quant
