// Bodies of host_attention_mass.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "asterism/backend/host_attention_mass.hpp"

namespace asterism::backend {

ASTERISM_INLINE void drop_least_rows(const StoredBlocks& blocks, std::size_t begin, std::size_t end,
                                     std::size_t count, View<float> scratch, View<float> mass) {
  if (count == 0) return;
  // Of values that are not negative the bits stand in the same order, and in one for NaN too.
  const auto bits = [](float value) { return std::bit_cast<std::uint32_t>(value); };
  float* ranked = scratch.data;
  std::copy(mass.data + begin, mass.data + end, ranked);
  std::nth_element(ranked, ranked + count - 1, ranked + (end - begin),
                   [&](float a, float b) { return bits(a) < bits(b); });
  const std::uint32_t most = bits(ranked[count - 1]);
  const auto below = std::count_if(ranked, ranked + count, [&](float value) { return bits(value) < most; });
  std::size_t equal = count - static_cast<std::size_t>(below);  // of those with this mass, how many go
  std::size_t to = begin;
  for (std::size_t slot = begin; slot < mass.size; ++slot) {
    if (slot < end && bits(mass[slot]) <= most) {
      if (bits(mass[slot]) < most) continue;
      if (equal > 0) {
        --equal;
        continue;
      }
    }
    if (slot != to) {
      std::memcpy(blocks.keys + to * blocks.row_bytes, blocks.keys + slot * blocks.row_bytes, blocks.row_bytes);
      std::memcpy(blocks.values + to * blocks.row_bytes, blocks.values + slot * blocks.row_bytes,
                  blocks.row_bytes);
      mass[to] = mass[slot];
    }
    ++to;
  }
  std::fill(mass.data + to, mass.data + mass.size, 0.0F);
}

}  // namespace asterism::backend
