// Bodies of multi_layer.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "asterism/prefetch/multi_layer.hpp"
#include "asterism/prefetch/rows.hpp"

namespace asterism::prefetch {

ASTERISM_INLINE MultiLayer::MultiLayer(const Extent& extent)
    : recent_(extent), mean_(static_cast<std::size_t>(extent.members)) {}

ASTERISM_INLINE View<const float> MultiLayer::shares(std::int32_t group) {
  std::fill(mean_.begin(), mean_.end(), 0.0F);
  float total = 0;
  std::int32_t back = 0;
  for (const float weight : weights) {
    const View<const float> before = recent_.shares_before(recent_.sequence(), group, ++back);
    if (before.empty()) continue;
    total += weight;
    add_scaled(mean_, before, weight);
  }
  if (total == 0) return {};
  scale_by(mean_, 1 / total);
  return mean_;
}

}  // namespace asterism::prefetch
