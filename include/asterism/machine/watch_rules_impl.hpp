// Bodies of watch_rules.hpp.
#pragma once

#include <algorithm>
#include <limits>

#include "asterism/machine/watch_rules.hpp"

namespace asterism::machines {

ASTERISM_INLINE bool GrowthRule::update(Bytes used) {
  if (last_) rose_[count_++ % samples] = used >= *last_ + step_;
  last_ = used;
  if (count_ < samples) return false;
  const auto rises = std::count(rose_.begin(), rose_.end(), true);
  return state_.update(static_cast<double>(rises) / samples);
}

ASTERISM_INLINE bool ExhaustionRule::update(double seconds, Bytes used, Bytes limit) {
  samples_[count_++ % samples] = {seconds, static_cast<double>(used.count)};
  const std::size_t n = std::min(count_, samples);
  left_.reset();
  if (n < least_samples) return false;
  const Sample first = samples_[0];  // differences from it are small, and zero where time stands still
  Sample mean;
  for (std::size_t i = 0; i < n; ++i) {
    mean.seconds += (samples_[i].seconds - first.seconds) / static_cast<double>(n);
    mean.used += (samples_[i].used - first.used) / static_cast<double>(n);
  }
  double products = 0;
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double t = samples_[i].seconds - first.seconds - mean.seconds;
    products += t * (samples_[i].used - first.used - mean.used);
    squares += t * t;
  }
  // Rounding is no growth: less than a byte a second does not count.
  if (limit > Bytes{} && squares > 0 && products / squares >= 1) {
    left_ = static_cast<double>(limit.count - std::min(limit, used).count) / (products / squares);
  }
  return state_.update(left_.value_or(std::numeric_limits<double>::infinity()));
}

}  // namespace asterism::machines
