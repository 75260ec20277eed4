// Bodies of dot.hpp.
#pragma once

#include <cstddef>
#include <cstring>

#include "asterism/simd/by_level.hpp"
#include "asterism/simd/dot.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

namespace detail {

/// Four sums of `Lanes` numbers, so that none waits for the one before: one source, compiled for each instruction set.
template <std::size_t Lanes>
__attribute__((always_inline)) inline float dot_lanes(const float* a, const float* b, std::size_t n) {
  using Floats [[gnu::vector_size(Lanes * 4)]] = float;
  constexpr std::size_t sums_at_once = 4;
  Floats sums[sums_at_once] = {};
  const auto add = [&](Floats & sum, std::size_t at) __attribute__((always_inline)) {
    Floats x;
    Floats y;
    std::memcpy(&x, a + at, sizeof x);
    std::memcpy(&y, b + at, sizeof y);
    sum += x * y;
  };
  std::size_t i = 0;
  for (; i + sums_at_once * Lanes <= n; i += sums_at_once * Lanes) {
    ASTERISM_UNROLL
    for (std::size_t k = 0; k < sums_at_once; ++k) add(sums[k], i + k * Lanes);
  }
  for (; i + Lanes <= n; i += Lanes) add(sums[0], i);
  sums[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  float lanes[Lanes];
  std::memcpy(lanes, sums, sizeof lanes);
  for (std::size_t half = Lanes / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  float sum = lanes[0];
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

struct PortableDot {
  static float dot(const float* a, const float* b, std::size_t n) { return dot_lanes<4>(a, b, n); }
};

#if defined(__x86_64__)
struct Avx2Dot {
  ASTERISM_AVX2 static float dot(const float* a, const float* b, std::size_t n) { return dot_lanes<8>(a, b, n); }
};
struct Avx512Dot {
  ASTERISM_AVX512 static float dot(const float* a, const float* b, std::size_t n) {
    return dot_lanes<16>(a, b, n);
  }
};
using DotKernels =
    ByLevel<On<Level::portable, PortableDot>, On<Level::avx2, Avx2Dot>, On<Level::avx512, Avx512Dot>>;
#else
using DotKernels = ByLevel<On<Level::portable, PortableDot>>;
#endif

}  // namespace detail

ASTERISM_INLINE Dot dot(Level use) {
  return detail::DotKernels::run(use, [](auto kernels) -> Dot { return kernels.dot; });
}

}  // namespace asterism::simd
