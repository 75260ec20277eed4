// A few measurements as the numbers that a table shows.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace model_bench {

struct Statistics {
  double mean = 0;
  double deviation = 0;  ///< of the sample: n - 1 in the denominator; 0 for one value
  double median = 0;
  double least = 0;
  double most = 0;
};

/// Of at least one value.
inline Statistics statistics(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  Statistics out{
      .median = (values[n / 2] + values[(n - 1) / 2]) / 2, .least = values.front(), .most = values.back()};
  for (const double value : values) out.mean += value / static_cast<double>(n);
  double squares = 0;
  for (const double value : values) squares += (value - out.mean) * (value - out.mean);
  if (n > 1) out.deviation = std::sqrt(squares / static_cast<double>(n - 1));
  return out;
}

}  // namespace model_bench
