// Bodies of simulated_time.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/simulated_time.hpp"

namespace asterism::lab {

ASTERISM_INLINE SimulatedTime::SimulatedTime(const StepTimes& times) : times_(times) {
  const bool sound = times.layer_seconds > 0 && std::isfinite(times.layer_seconds) && times.copy_seconds > 0 &&
                     std::isfinite(times.copy_seconds) && times.expert_share >= 0 && times.expert_share <= 1 &&
                     times.pieces >= 1;
  if (sound) return;
  throw InvalidArgument(concat("step times of ", times.layer_seconds, " s a layer, ", times.copy_seconds,
                               " s a copy and ", times.expert_share, " of a layer for its experts in ",
                               times.pieces,
                               " pieces, expected times above 0, a share from 0 to 1 and at least 1 piece"));
}

ASTERISM_INLINE double SimulatedTime::lacking(std::size_t index) const {
  return std::clamp(begin_of(index) + times_.copy_seconds - now_, 0.0, times_.copy_seconds);
}

ASTERISM_INLINE double SimulatedTime::piece_left(std::size_t index) const {
  const double left = lacking(index);
  if (left <= 0 || left >= times_.copy_seconds) return 0;
  const double piece = times_.copy_seconds / times_.pieces;
  return left - piece * std::floor(left / piece);
}

ASTERISM_INLINE void SimulatedTime::layer(std::size_t ready, View<const double> copies, double busy) {
  layer(ready, copies, busy, [](Stretch, std::size_t, double, double) {});
}

}  // namespace asterism::lab
