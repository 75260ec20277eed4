// Bodies of bias.hpp.
#pragma once

#include "asterism/core/view.hpp"
#include "asterism/train/bias.hpp"

namespace asterism::train {

ASTERISM_INLINE void follow_load(const Parameter& bias, float rate) {
  const View<float> values = bias.values();
  const View<const float> load(reinterpret_cast<const float*>(bias.gradient.data), bias.size());
  double chosen = 0;
  for (const float count : load) chosen += static_cast<double>(count);
  if (chosen == 0 || rate == 0) return;
  const double mean = chosen / static_cast<double>(load.size);
  double total = 0;
  for (std::size_t e = 0; e < values.size; ++e) {
    const auto count = static_cast<double>(load[e]);
    if (count != mean) values[e] += count < mean ? rate : -rate;
    total += static_cast<double>(values[e]);
  }
  const auto shift = static_cast<float>(total / static_cast<double>(values.size));
  for (float& value : values) value -= shift;
}

}  // namespace asterism::train
