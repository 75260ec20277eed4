// The two 16-bit floating-point formats, one value at a time, on host and device.
#pragma once

#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/quant/half_precision.hpp"

namespace asterism::cuda {

// The device has instructions for what half_precision.hpp does with integers, giving the same bits (except NaN's
// payload). Source: PTX ISA, cvt; inline assembly, because a C++ compiler cannot include cuda_fp16.h.

ASTERISM_HD inline float float_from_bfloat16(std::uint16_t bits) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(static_cast<std::uint32_t>(bits) << 16U);
#else
  return quant::float_from_bfloat16(bits);
#endif
}

ASTERISM_HD inline float float_from_float16(std::uint16_t bits) {
#if defined(__CUDA_ARCH__)
  float value = 0;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
#else
  return quant::float_from_float16(bits);
#endif
}

/// Ties to even; 65520 and above become infinite.
ASTERISM_HD inline std::uint16_t float16_from_float(float value) {
#if defined(__CUDA_ARCH__)
  std::uint16_t bits = 0;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
#else
  return quant::float16_from_float(value);
#endif
}

}  // namespace asterism::cuda
