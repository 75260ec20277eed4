// Bodies of adam_w8.hpp.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/simd/level.hpp"
#include "asterism/train/adam_lanes.hpp"
#include "asterism/train/adam_w8.hpp"
#include "asterism/train/dynamic_codes.hpp"

namespace asterism::train {

namespace detail {

/// One moment of one block as it is stored.
struct CodedBlock {
  std::uint8_t* codes;
  float* scale;
  const DynamicCodes& map;
};

inline void decode(const CodedBlock& block, std::size_t count, float* values) {
  const float* const map = block.map.values.data();
  const std::uint8_t* const codes = block.codes;
  const float scale = *block.scale;
  for (std::size_t i = 0; i < count; ++i) values[i] = map[codes[i]] * scale;
}

/// The largest magnitude, side by side in eight places: the order does not matter.
inline float largest_of(const float* values, std::size_t count) {
  constexpr std::size_t lanes = 8;
  float most[lanes] = {};
  const std::size_t whole = count / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes) {
    for (std::size_t k = 0; k < lanes; ++k) {
      const float magnitude = std::fabs(values[i + k]);
      most[k] = most[k] < magnitude ? magnitude : most[k];
    }
  }
  for (std::size_t i = whole; i < count; ++i) most[0] = std::max(most[0], std::fabs(values[i]));
  return *std::max_element(most, most + lanes);
}

inline void encode(const float* values, std::size_t count, const CodedBlock& block) {
  const float largest = largest_of(values, count);
  *block.scale = largest;
  const float inverse = 1 / std::max(largest, 1e-38F);
  const DynamicCodes& map = block.map;
  std::uint8_t* const codes = block.codes;
  constexpr std::size_t lanes = 16;
  const std::size_t whole = count / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes) {
    float scaled[lanes];
    std::uint32_t buckets[lanes];
    for (std::size_t k = 0; k < lanes; ++k) scaled[k] = values[i + k] * inverse;
    for (std::size_t k = 0; k < lanes; ++k) buckets[k] = DynamicCodes::bucket(scaled[k]);
    for (std::size_t k = 0; k < lanes; ++k) codes[i + k] = map.nearest_in(buckets[k], scaled[k]);
  }
  for (std::size_t i = whole; i < count; ++i) codes[i] = map.nearest(values[i] * inverse);
}

}  // namespace detail

ASTERISM_INLINE void AdamW8::initialise(const Parameter& parameter) const {
  if (!parameter.state.empty()) std::memset(parameter.state.data, 0, parameter.state.size);
}

ASTERISM_INLINE void AdamW8::update(const parallel::ExecutionRef& execution, const Parameter& parameter,
                                    std::int64_t step, float step_rate, View<std::byte> work) const {
  assert(step >= 1);
  const std::size_t size = parameter.size();
  if (size < least_coded) {
    const AdamW plain{.rate = rate, .beta1 = beta1, .beta2 = beta2, .epsilon = epsilon, .decay = decay};
    plain.update(execution, parameter, step, step_rate, work);
    return;
  }
  assert(parameter.state.size >=
         state_bytes(parameter.kind, parameter.weights.rows, parameter.weights.cols).count);
  auto* const m_codes = reinterpret_cast<std::uint8_t*>(parameter.state.data);
  auto* const v_codes = m_codes + aligned(size);
  auto* const m_scales = reinterpret_cast<float*>(v_codes + aligned(size));
  auto* const v_scales = m_scales + aligned(blocks(size) * sizeof(float)) / sizeof(float);
  const detail::DynamicCodes& m_map = detail::signed_codes();
  const detail::DynamicCodes& v_map = detail::unsigned_codes();
  const detail::AdamStep numbers =
      detail::adam_step(beta1, beta2, epsilon, parameter.decays ? decay : 0, step, step_rate);
  const simd::Level level = simd::level();
  execution.for_each_range(blocks(size), [&](std::size_t begin, std::size_t end) {
    for (std::size_t b = begin; b < end; ++b) {
      const std::size_t first = b * block;
      const std::size_t count = std::min(block, size - first);
      const detail::CodedBlock m_block{m_codes + first, m_scales + b, m_map};
      const detail::CodedBlock v_block{v_codes + first, v_scales + b, v_map};
      alignas(64) float m[block];
      alignas(64) float v[block];
      detail::decode(m_block, count, m);
      detail::decode(v_block, count, v);
      alignas(64) float room[block];
      const float* const gradient = parameter.gradient.read(first, count, room);
      detail::adam(numbers, {gradient, parameter.weights.data + first, m, v, count}, level);
      parameter.refresh(first, count);
      detail::encode(m, count, m_block);
      detail::encode(v, count, v_block);
    }
  });
}

}  // namespace asterism::train
