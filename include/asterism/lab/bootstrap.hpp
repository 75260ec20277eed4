// How sure a difference is, or a ratio, by drawing the same questions again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "asterism/core/config.hpp"

namespace asterism::lab {

/// A value with its 95 % interval.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

struct BootstrapOptions {
  std::size_t samples = 10'000;  ///< at least 40
  std::uint64_t seed = 1;
};

/// The mean of `a` less the mean of `b`: scores of two on the same questions, equally many. A paired bootstrap:
/// questions are drawn with replacement, each with both its scores; the interval is from the 2.5th to the 97.5th
/// percentile. Deterministic. InvalidArgument unless sizes are equal and not 0. Source: Efron, Tibshirani, An
/// Introduction to the Bootstrap, 1993, section 13.3.
Estimate bootstrap_difference(std::span<const double> a, std::span<const double> b, BootstrapOptions options = {});

/// The same of the mean of `a` divided by the mean of `b`; infinite where that of `b` is 0.
Estimate bootstrap_ratio(std::span<const double> a, std::span<const double> b, BootstrapOptions options = {});

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/bootstrap_impl.hpp"
#endif
