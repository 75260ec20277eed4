// Bodies of rotary.hpp.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/linalg/rotary.hpp"
#include "asterism/linalg/rotary_angle.hpp"

namespace asterism::linalg {

ASTERISM_INLINE void rotary_table(std::int32_t position, const Rope& rope, View<float> table) {
  const std::size_t half = table.size / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const double angle = rotary_angle(position, rope, i, table.size);
    table.data[i] = static_cast<float>(std::cos(angle));
    table.data[half + i] = static_cast<float>(std::sin(angle));
  }
}

ASTERISM_INLINE void rotate_half(View<float> head, View<const float> table) {
  const std::size_t half = head.size / 2;
  for (std::size_t i = 0; i < half; ++i) {
    rotate_pair(head.data[i], head.data[half + i], table.data[i], table.data[half + i]);
  }
}

}  // namespace asterism::linalg
