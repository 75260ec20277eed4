// Numbers of right answers, with confidence intervals.
#pragma once

#include <cmath>
#include <cstdint>

namespace asterism::lab {

/// A confidence interval of a share.
struct Interval {
  double low = 0;  ///< 0 <= low <= high <= 1
  double high = 1;
};

/// Right answers among questions asked.
struct Score {
  std::uint64_t right = 0;  ///< <= asked
  std::uint64_t asked = 0;

  void count(bool is_right) {
    right += is_right ? 1U : 0U;
    ++asked;
  }
  friend Score operator+(Score a, Score b) { return {a.right + b.right, a.asked + b.asked}; }
  friend bool operator==(Score, Score) = default;

  /// In [0, 1]; 0 if nothing was asked.
  double share() const { return asked == 0 ? 0 : static_cast<double>(right) / static_cast<double>(asked); }

  /// Wilson's score interval for 95 % confidence; all of [0, 1] if nothing was asked.
  /// Source: Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209-212.
  Interval interval() const {
    if (asked == 0) return {};
    constexpr double z = 1.959963984540054;
    const auto n = static_cast<double>(asked);
    const double p = share();
    const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return {.low = right == 0 ? 0 : middle - half, .high = right == asked ? 1 : middle + half};
  }
};

}  // namespace asterism::lab
