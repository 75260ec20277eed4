// Derivatives by central differences, in double precision.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "asterism/core/view.hpp"

namespace asterism::test {

using Doubles = std::vector<double>;

inline Doubles doubles(MatrixView<const float> matrix) {
  Doubles out;
  for (std::size_t i = 0; i < matrix.rows; ++i) out.insert(out.end(), matrix.row(i).begin(), matrix.row(i).end());
  return out;
}

/// The derivative of loss(x) by each element of x.
template <class Loss>
Doubles slopes(Doubles x, const Loss& loss) {
  constexpr double step = 1e-5;
  Doubles out;
  for (double& element : x) {
    const double value = element;
    element = value + step;
    const double above = loss(x);
    element = value - step;
    const double below = loss(x);
    element = value;
    out.push_back((above - below) / (2 * step));
  }
  return out;
}

/// The sum of a_i b_i.
inline double product(const Doubles& a, const Doubles& b) {
  double out = 0;
  for (std::size_t i = 0; i < a.size(); ++i) out += a[i] * b[i];
  return out;
}

/// The larger of two; infinite where `difference` is NaN, which no comparison would keep.
inline double worse(double most, double difference) {
  if (std::isnan(difference)) return INFINITY;
  return difference > most ? difference : most;
}

/// The largest difference of any element, as a share of the largest one expected; infinite where sizes differ.
inline double difference(MatrixView<const float> found, const Doubles& expected) {
  const Doubles all = doubles(found);
  if (all.size() != expected.size()) return INFINITY;
  double most = 0;
  double largest = 1e-30;
  for (std::size_t i = 0; i < all.size(); ++i) {
    most = worse(most, std::abs(all[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return most / largest;
}

}  // namespace asterism::test
