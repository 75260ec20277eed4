// A fence against contraction: formats that fix their decoded values to the bit must round after every operation.
#pragma once

namespace asterism::quant {

/// `value`, rounded to float32 at this point. Without it a compiler may fuse a product with the sum that uses it
/// (g++ does so across statements if the processor can), which changes the last bit of the result.
inline float rounded_to_float32(float value) {
#if defined(__x86_64__) && !defined(__CUDA_ARCH__)
  __asm__("" : "+x"(value));
  return value;
#elif defined(__aarch64__) && !defined(__CUDA_ARCH__)
  __asm__("" : "+w"(value));
  return value;
#else
  volatile float kept = value;
  return kept;
#endif
}

}  // namespace asterism::quant
