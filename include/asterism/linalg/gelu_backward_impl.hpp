// Bodies of gelu_backward.hpp.
#pragma once

#include <cstddef>

#include "asterism/linalg/exponential.hpp"
#include "asterism/linalg/gelu_backward.hpp"
#include "asterism/linalg/gelu_impl.hpp"
#include "asterism/linalg/lanes.hpp"

namespace asterism::linalg {

namespace detail {

inline Lanes::Four gelu_slope(Lanes::Four x) {
  const Lanes::Four density = exponential(x * x * -0.5F) * 0.39894228040143268F;
  return 0.5F * (erf(x * 0.70710678118654752F) + 1.0F) + x * density;
}

}  // namespace detail

ASTERISM_INLINE void gelu_backward(View<const float> x, View<float> d) {
  using namespace detail;
  const auto slope = [](const Lanes& piece) { return Lanes{gelu_slope(piece.low), gelu_slope(piece.high)}; };
  const std::size_t whole = x.size / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes) store(load(d.data + i) * slope(load(x.data + i)), d.data + i);
  if (whole == x.size) return;
  float last[lanes];
  store(slope(load(x.data, whole, x.size, 0.0F)), last);
  for (std::size_t i = whole; i < x.size; ++i) d.data[i] *= last[i - whole];
}

}  // namespace asterism::linalg
