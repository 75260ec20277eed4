// The fence between a product and the sum that uses it.
#include "asterism/quant/rounding.hpp"

#include <doctest/doctest.h>

namespace {

// Where the compiler may fuse, it would fuse this one.
#if defined(__x86_64__)
__attribute__((target("avx2,fma"), noinline))
#endif
float multiply_add(float a, float b, float c) {
  return asterism::quant::rounded_to_float32(a * b) + c;
}

}  // namespace

TEST_CASE("a fenced product is rounded before it is used") {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("fma") == 0) return;
#endif
  volatile float a = 1.0F + 0x1p-12F;  // volatile, so that nothing is computed at compile time
  // a * a = 1 + 2^-11 + 2^-24, which float32 rounds to 1 + 2^-11.
  CHECK(multiply_add(a, a, -(1.0F + 0x1p-11F)) == 0.0F);
}
