// Sums over the members of a group, eight at a time: compilers make vector instructions of blocks whose size they know.
#pragma once

#include <cstddef>

#include "asterism/core/view.hpp"

namespace asterism::prefetch {

/// to += scale * from, of equal size.
inline void add_scaled(View<float> to, View<const float> from, float scale) {
  std::size_t m = 0;
  for (; m + 8 <= to.size; m += 8) {
    float sums[8];
    for (std::size_t i = 0; i < 8; ++i) sums[i] = to.data[m + i] + scale * from.data[m + i];
    for (std::size_t i = 0; i < 8; ++i) to.data[m + i] = sums[i];
  }
  for (; m < to.size; ++m) to[m] += scale * from[m];
}

/// row *= scale.
inline void scale_by(View<float> row, float scale) {
  std::size_t m = 0;
  for (; m + 8 <= row.size; m += 8) {
    for (std::size_t i = 0; i < 8; ++i) row.data[m + i] *= scale;
  }
  for (; m < row.size; ++m) row[m] *= scale;
}

/// The sum of a row, of eight partial sums.
inline float sum_of(View<const float> row) {
  float sums[8] = {};
  std::size_t m = 0;
  for (; m + 8 <= row.size; m += 8) {
    for (std::size_t i = 0; i < 8; ++i) sums[i] += row.data[m + i];
  }
  for (; m < row.size; ++m) sums[m % 8] += row[m];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// How many of a row are above a value, or equal to it too.
inline std::size_t count_above(View<const float> row, float value, bool or_equal) {
  int counts[8] = {};
  std::size_t m = 0;
  for (; m + 8 <= row.size; m += 8) {
    for (std::size_t i = 0; i < 8; ++i) {
      const float one = row.data[m + i];
      counts[i] += static_cast<int>(one > value) | (static_cast<int>(one == value) & static_cast<int>(or_equal));
    }
  }
  std::size_t count = 0;
  for (const int one : counts) count += static_cast<std::size_t>(one);
  for (; m < row.size; ++m) count += row[m] > value || (or_equal && row[m] == value) ? 1 : 0;
  return count;
}

}  // namespace asterism::prefetch
