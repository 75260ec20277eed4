// Bodies of silu.hpp.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/core/bits.hpp"
#include "asterism/simd/by_level.hpp"
#include "asterism/simd/silu.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

namespace detail {

enum class Gate { silu, sigmoid };

/// out = silu(gate) * up, or sigmoid(gate) * up, for `Lanes` elements: one source, compiled for each instruction set.
/// With e = exp(-|gate|), which can't overflow, sigmoid(gate) is 1 / (1 + e), or e / (1 + e) if gate is negative;
/// silu(gate) is gate times that. The exponential is 2^k exp(r) with |r| <= ln(2) / 2 and the polynomial of Cephes'
/// expf; beyond 87 it is 0.
template <Gate G, std::size_t Lanes>
__attribute__((always_inline)) inline void gate_lanes(const float* gate, const float* up, float* out) {
  using Floats [[gnu::vector_size(Lanes * 4)]] = float;
  using Bits [[gnu::vector_size(Lanes * 4)]] = std::int32_t;
  constexpr float round = rounds_to_integer;
  Floats g;
  Floats u;
  std::memcpy(&g, gate, sizeof g);
  std::memcpy(&u, up, sizeof u);
  const Floats zero = {};
  const Floats magnitude = g < zero ? -g : g;
  const Floats t = magnitude > zero + 87.0F ? zero - 87.0F : -magnitude;  // NaN stays
  const Floats shifted = t * 1.44269504F + round;
  const Floats k = shifted - round;
  const Floats r = (t - k * 0.693359375F) + k * 2.12194440e-4F;
  Floats y = r * 1.9875691500e-4F + 1.3981999507e-3F;
  y = y * r + 8.3334519073e-3F;
  y = y * r + 4.1665795894e-2F;
  y = y * r + 1.6666665459e-1F;
  y = y * r + 5.0000001201e-1F;
  y = y * r * r + r + 1.0F;
  const Bits exponent = (reinterpret_cast<Bits>(shifted) - std::bit_cast<std::int32_t>(round) + 127) << 23;
  const Floats e = y * reinterpret_cast<Floats>(exponent);
  const Floats below_zero = magnitude > zero + 87.0F ? zero : e;
  const Floats share = g < zero ? below_zero : zero + 1.0F;
  const Floats result = (G == Gate::silu ? g * share : share) / (1.0F + e) * u;
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
