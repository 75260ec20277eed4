// Bodies of rank.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "asterism/prefetch/rank.hpp"
#include "asterism/prefetch/rows.hpp"

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
    const auto at = static_cast<std::size_t>(one);
    const std::size_t before = count_above(shares.subview(0, at), own, true) +
                               count_above(shares.subview(at + 1, shares.size - at - 1), own, false);
    hits += before < used.size ? 1 : 0;
  }
  return static_cast<float>(hits) / static_cast<float>(used.size);
}

namespace detail {

/// The sum of probabilities; 0 if one of them is no number of at least 0. Eight sums, so that none waits for another.
inline double sum_of(View<const float> probabilities) {
  double sums[8] = {};
  bool sound = true;
  std::size_t m = 0;
  for (; m + 8 <= probabilities.size; m += 8) {
    for (std::size_t i = 0; i < 8; ++i) {
      const float one = probabilities.data[m + i];
      sums[i] += double{one};
      sound = sound && one >= 0 && one <= std::numeric_limits<float>::max();
    }
  }
  for (; m < probabilities.size; ++m) {
    const float one = probabilities[m];
    sums[0] += double{one};
    sound = sound && one >= 0 && one <= std::numeric_limits<float>::max();
  }
  const double total = sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
  return sound ? total : 0;
}

}  // namespace detail

ASTERISM_INLINE bool shares_of(View<const float> probabilities, View<const std::int32_t> used, View<float> out) {
  std::fill(out.begin(), out.end(), 0.0F);
  if (probabilities.size == out.size) {
    const double total = detail::sum_of(probabilities);
    if (total > 0) {
      const auto scale = 1 / total;
      for (std::size_t m = 0; m < out.size; ++m) out[m] = static_cast<float>(double{probabilities[m]} * scale);
      return true;
    }
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
