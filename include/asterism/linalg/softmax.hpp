// Exponentials and softmax of rows.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/linalg/eigen.hpp"

namespace asterism::linalg {

/// Replaces x_i by exp(x_i - shift) and returns their sum. With shift >= max(x) every value is in [0, 1].
inline float exponentials(View<float> x, float shift) {
  using namespace detail;
  const std::size_t whole = x.size / lanes * lanes;
  Lanes sums = Lanes::Zero();
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Lanes values = (load(x.data + i) - shift).exp();
    store(values, x.data + i);
    sums += values;
  }
  if (whole < x.size) {
    const Lanes values = (load(x.data, whole, x.size, shift) - shift).exp();
    for (std::size_t i = whole; i < x.size; ++i) {
      x.data[i] = values[static_cast<std::ptrdiff_t>(i - whole)];
      sums[static_cast<std::ptrdiff_t>(i - whole)] += x.data[i];
    }
  }
  return sum(sums);
}

/// The largest element of a row that is not empty.
inline float maximum(View<const float> x) {
  float most = x.data[0];
  for (std::size_t i = 1; i < x.size; ++i) most = x.data[i] > most ? x.data[i] : most;
  return most;
}

/// In place: x_i = exp(x_i) / sum_j exp(x_j). The row is not empty.
inline void softmax(View<float> x) {
  const float total = exponentials(x, maximum(x));
  for (std::size_t i = 0; i < x.size; ++i) x.data[i] /= total;
}

/// log(sum_j exp(x_j)) of a row that is not empty; sums in double.
inline double log_sum_exp(View<const float> x) {
  const float most = maximum(x);
  double total = 0;
  for (std::size_t i = 0; i < x.size; ++i)
    total += std::exp(static_cast<double>(x.data[i]) - static_cast<double>(most));
  return static_cast<double>(most) + std::log(total);
}

}  // namespace asterism::linalg
