// Bodies of layer_set.hpp.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"

namespace asterism {

ASTERISM_INLINE std::string to_string(const LayerSet& set) {
  std::string text;
  for (std::int32_t layer = 0; layer < LayerSet::max_layers; ++layer) {
    if (!set.contains(layer)) continue;
    std::int32_t last = layer;
    while (set.contains(last + 1)) ++last;
    text += concat(text.empty() ? "" : ", ", layer);
    if (last > layer) text += concat(" to ", last);
    layer = last;
  }
  return text.empty() ? "none" : text;
}

}  // namespace asterism
