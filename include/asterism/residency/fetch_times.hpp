// How long fetches of experts took: a histogram from which quantiles are read.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace asterism::residency {

/// Times from asking for an expert until it was there, behind others that were asked for before. Four buckets to each
/// doubling, from 1 microsecond to 16 seconds: a quantile is at most 19 % too large. Does not allocate.
class FetchTimes {
 public:
  static constexpr std::size_t buckets = 96;

  void add(double seconds) {
    const double place = seconds > 1e-6 ? std::ceil(4 * std::log2(seconds * 1e6)) : 0;
    ++counts_[static_cast<std::size_t>(std::min(place, double{buckets - 1}))];
    ++count_;
    seconds_ += seconds;
  }

  std::uint64_t count() const { return count_; }
  double mean() const { return count_ > 0 ? seconds_ / static_cast<double>(count_) : 0; }
  /// Seconds that `share` of all took at most, 0 < share <= 1; 0 where there were none.
  double quantile(double share) const {
    const double wanted = share * static_cast<double>(count_);
    double sum = 0;
    for (std::size_t i = 0; i < buckets && count_ > 0; ++i) {
      sum += static_cast<double>(counts_[i]);
      if (sum >= wanted) return 1e-6 * std::exp2(static_cast<double>(i) / 4);
    }
    return 0;
  }

  FetchTimes& operator+=(const FetchTimes& more) {
    for (std::size_t i = 0; i < buckets; ++i) counts_[i] += more.counts_[i];
    count_ += more.count_;
    seconds_ += more.seconds_;
    return *this;
  }
  /// What was added after `before`, an earlier state of the same.
  FetchTimes since(const FetchTimes& before) const {
    FetchTimes out = *this;
    for (std::size_t i = 0; i < buckets; ++i) out.counts_[i] -= before.counts_[i];
    out.count_ -= before.count_;
    out.seconds_ -= before.seconds_;
    return out;
  }

 private:
  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  double seconds_ = 0;
};

}  // namespace asterism::residency
