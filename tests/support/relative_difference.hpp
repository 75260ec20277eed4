// How far logits lie from golden ones.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

namespace asterism::test {

/// The largest difference over the largest golden value.
inline double relative_difference(const std::vector<float>& found, const std::vector<float>& golden) {
  REQUIRE(found.size() == golden.size());
  double most = 0;
  double scale = 0;
  for (std::size_t i = 0; i < golden.size(); ++i) {
    most = std::max(most, std::fabs(double{found[i]} - double{golden[i]}));
    scale = std::max(scale, std::fabs(double{golden[i]}));
  }
  return most / scale;
}

}  // namespace asterism::test
