// Bodies of silu_backward.hpp.
#pragma once

#include <cstddef>
#include <cstring>

#include "asterism/simd/by_level.hpp"
#include "asterism/simd/sigmoid_lanes.hpp"
#include "asterism/simd/silu_backward.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

namespace detail {

template <std::size_t Lanes>
__attribute__((always_inline)) inline void silu_backward_lanes(const float* d, float* gate, float* up) {
  using Floats = typename SigmoidLanes<Lanes>::Floats;
  Floats dy;
  Floats g;
  Floats u;
  std::memcpy(&dy, d, sizeof dy);
  std::memcpy(&g, gate, sizeof g);
  std::memcpy(&u, up, sizeof u);
  const auto parts = SigmoidLanes<Lanes>::of(g);
  const Floats s = parts.share / parts.denominator;
  const Floats dgate = dy * u * s * (1.0F + g * (1.0F - s));
  const Floats dup = dy * g * s;
  std::memcpy(gate, &dgate, sizeof dgate);
  std::memcpy(up, &dup, sizeof dup);
}

/// In pieces of `Lanes`; the last one through copies, so that an element's bits don't depend on its place.
template <std::size_t Lanes>
__attribute__((always_inline)) inline void silu_backward_pieces(View<const float> d, View<float> gate,
                                                                View<float> up) {
  std::size_t i = 0;
  for (; i + Lanes <= d.size; i += Lanes) silu_backward_lanes<Lanes>(d.data + i, gate.data + i, up.data + i);
  if (i == d.size) return;
  float last[3][Lanes] = {};
  const std::size_t bytes = (d.size - i) * sizeof(float);
  std::memcpy(last[0], d.data + i, bytes);
  std::memcpy(last[1], gate.data + i, bytes);
  std::memcpy(last[2], up.data + i, bytes);
  silu_backward_lanes<Lanes>(last[0], last[1], last[2]);
  std::memcpy(gate.data + i, last[1], bytes);
  std::memcpy(up.data + i, last[2], bytes);
}

struct PortableSiluBackward {
  static void run(View<const float> d, View<float> gate, View<float> up) { silu_backward_pieces<4>(d, gate, up); }
};

#if defined(__x86_64__)
struct Avx2SiluBackward {
  ASTERISM_AVX2 static void run(View<const float> d, View<float> gate, View<float> up) {
    silu_backward_pieces<8>(d, gate, up);
  }
};
struct Avx512SiluBackward {
  ASTERISM_AVX512 static void run(View<const float> d, View<float> gate, View<float> up) {
    silu_backward_pieces<16>(d, gate, up);
  }
};
using SiluBackwardKernels = ByLevel<On<Level::portable, PortableSiluBackward>, On<Level::avx2, Avx2SiluBackward>,
                                    On<Level::avx512, Avx512SiluBackward>>;
#else
using SiluBackwardKernels = ByLevel<On<Level::portable, PortableSiluBackward>>;
#endif

}  // namespace detail

ASTERISM_INLINE void silu_multiply_backward(View<const float> d, View<float> gate, View<float> up, Level use) {
  detail::SiluBackwardKernels::run(use, [&](auto kernels) { kernels.run(d, gate, up); });
}

}  // namespace asterism::simd
