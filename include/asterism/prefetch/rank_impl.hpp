// Bodies of rank.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/prefetch/rank.hpp"

namespace asterism::prefetch {

ASTERISM_INLINE std::size_t rank(std::int32_t group, View<const float> shares, View<Prediction> out) {
  // A heap of the best so far, the least of them in front, then sorted: members in ascending order meet better ones.
  const auto better = [](const Prediction& a, const Prediction& b) {
    return a.probability != b.probability ? a.probability > b.probability : a.part.member < b.part.member;
  };
  std::size_t count = 0;
  for (std::size_t m = 0; m < shares.size; ++m) {
    if (!(shares[m] > 0)) continue;
    const Prediction one{.part = {.group = group, .member = static_cast<std::int32_t>(m)},
                         .probability = shares[m]};
    if (count == out.size) {
      if (count == 0 || !better(one, out[0])) continue;
      std::pop_heap(out.begin(), out.begin() + count, better);
      --count;
    }
    out[count++] = one;
    std::push_heap(out.begin(), out.begin() + count, better);
  }
  std::sort_heap(out.begin(), out.begin() + count, better);
  return count;
}

ASTERISM_INLINE float accuracy(View<const float> shares, View<const std::int32_t> used) {
  if (shares.empty() || used.empty()) return 0;
  std::size_t hits = 0;
  for (const std::int32_t one : used) {
    if (one < 0 || static_cast<std::size_t>(one) >= shares.size) continue;
    const float own = shares[static_cast<std::size_t>(one)];
    if (!(own > 0)) continue;
    std::size_t before = 0;
    for (std::size_t m = 0; m < shares.size; ++m) {
      before += shares[m] > own || (shares[m] == own && m < static_cast<std::size_t>(one)) ? 1 : 0;
    }
    hits += before < used.size ? 1 : 0;
  }
  return static_cast<float>(hits) / static_cast<float>(used.size);
}

ASTERISM_INLINE bool shares_of(View<const float> probabilities, View<const std::int32_t> used, View<float> out) {
  std::fill(out.begin(), out.end(), 0.0F);
  double total = 0;
  bool known = probabilities.size == out.size;
  for (std::size_t m = 0; known && m < out.size; ++m) {
    known = probabilities[m] >= 0 && std::isfinite(probabilities[m]);
    total += known ? double{probabilities[m]} : 0;
  }
  if (known && total > 0) {
    for (std::size_t m = 0; m < out.size; ++m) out[m] = static_cast<float>(double{probabilities[m]} / total);
    return true;
  }
  std::size_t count = 0;
  for (const std::int32_t one : used) {
    if (one < 0 || static_cast<std::size_t>(one) >= out.size) continue;
    count += out[static_cast<std::size_t>(one)] == 0 ? 1 : 0;
    out[static_cast<std::size_t>(one)] = 1;
  }
  for (float& share : out) share = count == 0 ? 0 : share / static_cast<float>(count);
  return count > 0;
}

}  // namespace asterism::prefetch
