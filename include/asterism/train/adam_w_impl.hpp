// Bodies of adam_w.hpp.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/simd/level.hpp"
#include "asterism/train/adam_lanes.hpp"
#include "asterism/train/adam_w.hpp"

namespace asterism::train {

ASTERISM_INLINE void AdamW::initialise(const Parameter& parameter) const {
  if (!parameter.state.empty()) std::memset(parameter.state.data, 0, parameter.state.size);
}

ASTERISM_INLINE void AdamW::update(const parallel::ExecutionRef& execution, const Parameter& parameter,
                                   std::int64_t step, float step_rate, View<std::byte> /*work*/) const {
  assert(step >= 1);
  const std::size_t size = parameter.size();
  assert(parameter.state.size >=
         state_bytes(parameter.kind, parameter.weights.rows, parameter.weights.cols).count);
  auto* const m = reinterpret_cast<float*>(parameter.state.data);
  auto* const v = reinterpret_cast<float*>(parameter.state.data + aligned(size * sizeof(float)));
  const detail::AdamStep numbers =
      detail::adam_step(beta1, beta2, epsilon, parameter.decays ? decay : 0, step, step_rate);
  const simd::Level level = simd::level();
  execution.for_each_task((size + piece_elements - 1) / piece_elements, [&](std::size_t piece) {
    const auto update_block = [&](std::size_t first, const float* gradient, std::size_t count) {
      detail::adam(numbers, {gradient, parameter.weights.data + first, m + first, v + first, count}, level);
      parameter.refresh(first, count);
    };
    const std::size_t begin = piece * piece_elements;
    parameter.gradient.for_each_block(begin, std::min(size, begin + piece_elements), update_block);
  });
}

}  // namespace asterism::train
