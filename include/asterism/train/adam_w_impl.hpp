// Bodies of adam_w.hpp.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/train/adam_w.hpp"

namespace asterism::train {

ASTERISM_INLINE void AdamW::initialise(const Parameter& parameter) const {
  if (!parameter.state.empty()) std::memset(parameter.state.data, 0, parameter.state.size);
}

ASTERISM_INLINE void AdamW::update(const parallel::ExecutionRef& execution, const Parameter& parameter,
                                   std::int64_t step, float step_rate, View<std::byte> /*work*/) const {
  assert(step >= 1);
  const std::size_t size = parameter.size();
  float* const m = reinterpret_cast<float*>(parameter.state.data);
  float* const v = reinterpret_cast<float*>(parameter.state.data + aligned(size * sizeof(float)));
  const double first = 1 - std::pow(static_cast<double>(beta1), static_cast<double>(step));
  const double second = 1 - std::pow(static_cast<double>(beta2), static_cast<double>(step));
  const float kept = parameter.decays ? 1 - step_rate * decay : 1.0F;
  const auto stride = static_cast<float>(step_rate / first);
  const auto root = static_cast<float>(std::sqrt(second));
  const std::size_t pieces = (size + piece_elements - 1) / piece_elements;
  execution.for_each_task(pieces, [&](std::size_t piece) {
    const std::size_t end = std::min(size, (piece + 1) * piece_elements);
    for (std::size_t i = piece * piece_elements; i < end; ++i) {
      const float g = parameter.gradient.data[i];
      m[i] += (1 - beta1) * (g - m[i]);
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      parameter.weights.data[i] =
          kept * parameter.weights.data[i] - stride * m[i] / (std::sqrt(v[i]) / root + epsilon);
    }
  });
}

}  // namespace asterism::train
