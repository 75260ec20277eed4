// Bodies of gelu.hpp.
#pragma once

#include <cstddef>

#include "asterism/linalg/gelu.hpp"
#include "asterism/linalg/lanes.hpp"

namespace asterism::linalg {

namespace detail {

inline Lanes::Four erf(Lanes::Four of) {
  using Floats = Lanes::Four;
  const Floats zero = {};
  Floats x = of > zero + 4.0F ? zero + 4.0F : of;
  x = x < zero - 4.0F ? zero - 4.0F : x;
  const Floats x2 = x * x;
  Floats above = x2 * -2.72614225801306e-10F + 2.77068142495902e-08F;
  above = above * x2 - 2.10102402082508e-06F;
  above = above * x2 - 5.69250639462346e-05F;
  above = above * x2 - 7.34990630326855e-04F;
  above = above * x2 - 2.95459980854025e-03F;
  above = above * x2 - 1.60960333262415e-02F;
  Floats below = x2 * -1.45660718464996e-05F - 2.13374055278905e-04F;
  below = below * x2 - 1.68282697438203e-03F;
  below = below * x2 - 7.37332916720468e-03F;
  below = below * x2 - 1.42647390514189e-02F;
  return x * above / below;
}

inline Lanes::Four gelu(Lanes::Four x) { return x * 0.5F * (erf(x * 0.70710678118654752F) + 1.0F); }

}  // namespace detail

ASTERISM_INLINE void gelu(View<float> x) {
  using namespace detail;
  const std::size_t whole = x.size / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Lanes piece = load(x.data + i);
    store({gelu(piece.low), gelu(piece.high)}, x.data + i);
  }
  if (whole == x.size) return;
  float last[lanes];
  const Lanes piece = load(x.data, whole, x.size, 0.0F);
  store({gelu(piece.low), gelu(piece.high)}, last);
  for (std::size_t i = whole; i < x.size; ++i) x.data[i] = last[i - whole];
}

}  // namespace asterism::linalg
