// Probabilities as bars.
#pragma once

#include <algorithm>
#include <asterism/core/view.hpp>
#include <cmath>
#include <cstdio>
#include <string>

namespace example {

/// A line for each label: its name, a bar of at most 40 columns, and the probability.
inline std::string bars(asterism::View<const std::string> labels, asterism::View<const double> probabilities) {
  std::string out;
  for (std::size_t i = 0; i < labels.size; ++i) {
    const auto length = static_cast<std::size_t>(std::lround(40 * std::clamp(probabilities[i], 0.0, 1.0)));
    char line[128];
    std::snprintf(line, sizeof(line), "%-12.12s %-40s %5.1f %%\n", labels[i].c_str(),
                  std::string(length, '#').c_str(), 100 * probabilities[i]);
    out += line;
  }
  return out;
}

}  // namespace example
