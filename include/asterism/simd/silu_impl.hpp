// Bodies of silu.hpp.
#pragma once

#include <cstddef>
#include <cstring>

#include "asterism/simd/by_level.hpp"
#include "asterism/simd/sigmoid_lanes.hpp"
#include "asterism/simd/silu.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

namespace detail {

enum class Gate { silu, sigmoid };

/// out = silu(gate) * up, or sigmoid(gate) * up, for `Lanes` elements; silu(gate) is gate times its sigmoid.
template <Gate G, std::size_t Lanes>
__attribute__((always_inline)) inline void gate_lanes(const float* gate, const float* up, float* out) {
  using Floats = typename SigmoidLanes<Lanes>::Floats;
  Floats g;
  Floats u;
  std::memcpy(&g, gate, sizeof g);
  std::memcpy(&u, up, sizeof u);
  const auto sigmoid = SigmoidLanes<Lanes>::of(g);
  const Floats result = (G == Gate::silu ? g * sigmoid.share : sigmoid.share) / sigmoid.denominator * u;
  std::memcpy(out, &result, sizeof result);
}

/// In pieces of `Lanes`; the last one through copies, so that an element's bits don't depend on its place.
template <Gate G, std::size_t Lanes>
__attribute__((always_inline)) inline void gate_pieces(View<const float> gate, View<const float> up,
                                                       View<float> out) {
  std::size_t i = 0;
  for (; i + Lanes <= gate.size; i += Lanes) gate_lanes<G, Lanes>(gate.data + i, up.data + i, out.data + i);
  if (i == gate.size) return;
  float gates[Lanes] = {};
  float ups[Lanes] = {};
  for (std::size_t k = i; k < gate.size; ++k) {
    gates[k - i] = gate[k];
    ups[k - i] = up[k];
  }
  gate_lanes<G, Lanes>(gates, ups, gates);
  for (std::size_t k = i; k < gate.size; ++k) out[k] = gates[k - i];
}

struct PortableGates {
  template <Gate G>
  static void multiply(View<const float> gate, View<const float> up, View<float> out) {
    gate_pieces<G, 4>(gate, up, out);
  }
};

#if defined(__x86_64__)
struct Avx2Gates {
  template <Gate G>
  ASTERISM_AVX2 static void multiply(View<const float> gate, View<const float> up, View<float> out) {
    gate_pieces<G, 8>(gate, up, out);
  }
};
struct Avx512Gates {
  template <Gate G>
  ASTERISM_AVX512 static void multiply(View<const float> gate, View<const float> up, View<float> out) {
    gate_pieces<G, 16>(gate, up, out);
  }
};
using GateKernels =
    ByLevel<On<Level::portable, PortableGates>, On<Level::avx2, Avx2Gates>, On<Level::avx512, Avx512Gates>>;
#else
using GateKernels = ByLevel<On<Level::portable, PortableGates>>;
#endif

template <Gate G>
void gate_multiply(View<const float> gate, View<const float> up, View<float> out, Level use) {
  GateKernels::run(use, [&](auto kernels) { kernels.template multiply<G>(gate, up, out); });
}

}  // namespace detail

ASTERISM_INLINE void silu_multiply(View<const float> gate, View<const float> up, View<float> out, Level use) {
  detail::gate_multiply<detail::Gate::silu>(gate, up, out, use);
}

ASTERISM_INLINE void sigmoid_multiply(View<const float> gate, View<const float> x, View<float> out, Level use) {
  detail::gate_multiply<detail::Gate::sigmoid>(gate, x, out, use);
}

}  // namespace asterism::simd
