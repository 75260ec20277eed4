// The exponential of eight floats.
#pragma once

#include <cstdint>

#include "asterism/linalg/lanes.hpp"

namespace asterism::linalg::detail {

/// exp(x) = 2^m exp(r), m = floor(x / ln(2) + 1/2), with the polynomial of Cephes' expf. The same steps, hence the
/// same bits, as Eigen's `exp` of an array if neither uses fused multiply-adds. NaN stays NaN; infinite from 88.73
/// on.
inline Lanes::Four exponential(Lanes::Four of) {
  using Floats = Lanes::Four;
  using Integers [[gnu::vector_size(16)]] = std::int32_t;
  const Floats zero = {};
  Floats x = of > zero + 88.723F ? zero + 88.723F : of;
  x = x < zero - 88.723F ? zero - 88.723F : x;
  const Floats steps = x * 1.44269504088896341F + 0.5F;
  const Integers whole = __builtin_convertvector(steps, Integers);
  const Floats cut = __builtin_convertvector(whole, Floats);
  const Floats m = cut > steps ? cut - 1.0F : cut;
  Floats r = m * -0.693359375F + x;
  r = m * 2.12194440e-4F + r;
  const Floats r2 = r * r;
  const Floats upper = (r * 1.9875691500e-4F + 1.3981999507e-3F) * r + 8.3334519073e-3F;
  const Floats middle = (r * 4.1665795894e-2F + 1.6666665459e-1F) * r + 5.0000001201e-1F;
  const Floats y = (upper * (r2 * r) + middle) * r2 + (r + 1.0F);
  // As two factors, the first of them exact: results below 2^-126 are rounded once.
  const Integers exponent = __builtin_convertvector(m, Integers);
  const Integers first = exponent >> 1;
  const Integers second = exponent - first;
  const Floats result =
      y * reinterpret_cast<Floats>((first + 127) << 23) * reinterpret_cast<Floats>((second + 127) << 23);
  return of > result ? of : result;
}

inline Lanes exponential(const Lanes& x) { return {exponential(x.low), exponential(x.high)}; }

}  // namespace asterism::linalg::detail
