// Bodies of bootstrap.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/lab/bootstrap.hpp"

namespace asterism::lab {

namespace detail {

/// `of(sum of a, sum of b)` for all questions, and its percentiles over draws of them.
template <class Of>
Estimate bootstrap(std::span<const double> a, std::span<const double> b, BootstrapOptions options, Of&& of) {
  if (a.size() != b.size() || a.empty()) {
    throw InvalidArgument(concat("scores of ", a.size(), " and of ", b.size(), " questions are no pairs"));
  }
  if (options.samples < 40)
    throw InvalidArgument(concat(options.samples, " samples: at least 40 tell an interval"));
  double all_a = 0;
  double all_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    all_a += a[i];
    all_b += b[i];
  }
  Random random(options.seed);
  std::vector<double> drawn(options.samples);
  for (double& one : drawn) {
    double sum_a = 0;
    double sum_b = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const std::size_t question = random.below(a.size());
      sum_a += a[question];
      sum_b += b[question];
    }
    one = of(sum_a, sum_b);
  }
  std::sort(drawn.begin(), drawn.end());
  const auto at = [&](double share) {
    return drawn[static_cast<std::size_t>(std::floor(share * static_cast<double>(drawn.size() - 1)))];
  };
  return {.value = of(all_a, all_b), .low = at(0.025), .high = at(0.975)};
}

}  // namespace detail

ASTERISM_INLINE Estimate bootstrap_difference(std::span<const double> a, std::span<const double> b,
                                              BootstrapOptions options) {
  const auto count = static_cast<double>(std::max<std::size_t>(a.size(), 1));
  return detail::bootstrap(a, b, options, [&](double x, double y) { return (x - y) / count; });
}

ASTERISM_INLINE Estimate bootstrap_ratio(std::span<const double> a, std::span<const double> b,
                                         BootstrapOptions options) {
  return detail::bootstrap(a, b, options, [](double x, double y) { return x / y; });
}

}  // namespace asterism::lab
