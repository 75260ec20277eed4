// Bodies of softmax.hpp.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/linalg/exponential.hpp"
#include "asterism/linalg/lanes.hpp"
#include "asterism/linalg/softmax.hpp"

namespace asterism::linalg {

ASTERISM_INLINE float exponentials(View<float> x, float shift) {
  using namespace detail;
  const std::size_t whole = x.size / lanes * lanes;
  Lanes sums;
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Lanes values = exponential(load(x.data + i) - shift);
    store(values, x.data + i);
    sums = sums + values;
  }
  if (whole == x.size) return sum(sums);
  float last[lanes] = {};
  store(exponential(load(x.data, whole, x.size, shift) - shift), last);
  for (std::size_t i = whole; i < x.size; ++i) x.data[i] = last[i - whole];
  return sum(sums + load(x.data, whole, x.size, 0.0F));
}

ASTERISM_INLINE float maximum(View<const float> x) {
  float most = x.data[0];
  for (std::size_t i = 1; i < x.size; ++i) most = x.data[i] > most ? x.data[i] : most;
  return most;
}

ASTERISM_INLINE void softmax(View<float> x) {
  const float total = exponentials(x, maximum(x));
  for (std::size_t i = 0; i < x.size; ++i) x.data[i] /= total;
}

ASTERISM_INLINE double log_sum_exp(View<const float> x) {
  const float most = maximum(x);
  double total = 0;
  for (std::size_t i = 0; i < x.size; ++i)
    total += std::exp(static_cast<double>(x.data[i]) - static_cast<double>(most));
  return static_cast<double>(most) + std::log(total);
}

}  // namespace asterism::linalg
