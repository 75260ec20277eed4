// Bodies of silu.hpp.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/core/bits.hpp"
#include "asterism/simd/silu.hpp"

namespace asterism::simd {

namespace detail {

/// out = silu(gate) * up for `Lanes` elements: one source, compiled for each instruction set. With e =
/// exp(-|gate|), which can't overflow, silu(gate) is gate / (1 + e), or gate * e / (1 + e) if gate is negative.
/// The exponential is 2^k exp(r) with |r| <= ln(2) / 2 and the polynomial of Cephes' expf; beyond 87 it is 0.
template <std::size_t Lanes>
__attribute__((always_inline)) inline void silu_lanes(const float* gate, const float* up, float* out) {
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
  const Floats result = g * (g < zero ? below_zero : zero + 1.0F) / (1.0F + e) * u;
  std::memcpy(out, &result, sizeof result);
}

/// In pieces of `Lanes`; the last one through copies, so that an element's bits don't depend on its place.
template <std::size_t Lanes>
__attribute__((always_inline)) inline void silu_pieces(View<const float> gate, View<const float> up,
                                                       View<float> out) {
  std::size_t i = 0;
  for (; i + Lanes <= gate.size; i += Lanes) silu_lanes<Lanes>(gate.data + i, up.data + i, out.data + i);
  if (i == gate.size) return;
  float gates[Lanes] = {};
  float ups[Lanes] = {};
  for (std::size_t k = i; k < gate.size; ++k) {
    gates[k - i] = gate[k];
    ups[k - i] = up[k];
  }
  silu_lanes<Lanes>(gates, ups, gates);
  for (std::size_t k = i; k < gate.size; ++k) out[k] = gates[k - i];
}

inline void silu_portable(View<const float> gate, View<const float> up, View<float> out) {
  silu_pieces<4>(gate, up, out);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) inline void silu_avx2(View<const float> gate, View<const float> up,
                                                          View<float> out) {
  silu_pieces<8>(gate, up, out);
}
__attribute__((target("avx512f,fma"))) inline void silu_avx512(View<const float> gate, View<const float> up,
                                                               View<float> out) {
  silu_pieces<16>(gate, up, out);
}
#endif

}  // namespace detail

ASTERISM_INLINE void silu_multiply(View<const float> gate, View<const float> up, View<float> out, Level use) {
#if defined(__x86_64__)
  if (use == Level::avx512) return detail::silu_avx512(gate, up, out);
  if (use == Level::avx2) return detail::silu_avx2(gate, up, out);
#endif
  detail::silu_portable(gate, up, out);
}

}  // namespace asterism::simd
