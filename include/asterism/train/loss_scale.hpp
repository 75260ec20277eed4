// The factor of the loss that keeps small float16 gradients above 0.
#pragma once

#include <cstdint>

#include "asterism/train/precision.hpp"

namespace asterism::train {

/// The scale after some steps; a run that goes on needs it. 1 where a precision has none.
struct LossScale {
  float value = 1;
  std::int32_t good_steps = 0;  ///< in a row, since it was last changed
  std::int64_t skipped = 0;     ///< steps without an update, from the beginning on

  static constexpr float least = 1;       ///< what overflows here is no matter of the scale
  static constexpr float most = 0x1p64F;  ///< far from where a loss is infinite

  static constexpr LossScale of(const Precision& precision) {
    return {.value = precision.scales() ? precision.scale : 1.0F};
  }

  /// A step updated the weights.
  constexpr void grow(const Precision& precision) {
    if (!precision.scales() || ++good_steps < precision.good_steps) return;
    good_steps = 0;
    if (value < most) value *= 2;
  }
  /// A step was skipped. False where the scale can't become smaller.
  constexpr bool shrink() {
    if (value <= least) return false;
    value /= 2;
    good_steps = 0;
    ++skipped;
    return true;
  }

  friend constexpr bool operator==(const LossScale&, const LossScale&) = default;
};

}  // namespace asterism::train
