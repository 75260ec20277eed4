// The logistic function of several floats at once, as every instruction set computes it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "asterism/core/bits.hpp"

namespace asterism::simd::detail {

/// sigmoid(z) = share / denominator for each of `Lanes` floats z: one source, compiled for each instruction set. With
/// e = exp(-|z|), which can't overflow, that is 1 / (1 + e), or e / (1 + e) if z is negative. The exponential is
/// 2^k exp(r) with |r| <= ln(2) / 2 and the polynomial of Cephes' expf; beyond 87 it is 0, and so is the share of a
/// negative z. NaN stays NaN in the denominator.
template <std::size_t Lanes>
struct SigmoidLanes {
  using Floats [[gnu::vector_size(Lanes * 4)]] = float;
  using Bits [[gnu::vector_size(Lanes * 4)]] = std::int32_t;

  Floats share;
  Floats denominator;

  __attribute__((always_inline)) static inline SigmoidLanes of(const Floats& z) {
    constexpr float round = rounds_to_integer;
    const Floats zero = {};
    const Floats magnitude = z < zero ? -z : z;
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
    return {z < zero ? below_zero : zero + 1.0F, 1.0F + e};
  }
};

}  // namespace asterism::simd::detail
