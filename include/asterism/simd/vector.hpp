// Small kernels on vectors: what attention does with keys and values in float32, binary16 or 8-bit integers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/simd/avx2.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/portable.hpp"

namespace asterism::simd {

/// Sum of a[i] * b[i] for i < n. The order of summation depends on n and the level alone. None of these functions
/// checks, throws or allocates; all are thread-safe. Ask for the level once, outside of loops.
inline float dot(const float* a, const float* b, std::size_t n, Level use = level()) {
  return use == Level::avx2 ? Avx2::dot(a, b, n) : Portable::dot(a, b, n);
}

/// The same, b in binary16 (as bits).
inline float dot(const float* a, const std::uint16_t* b, std::size_t n, Level use = level()) {
  return use == Level::avx2 ? Avx2::dot(a, b, n) : Portable::dot(a, b, n);
}

/// The same, b in 8-bit integers.
inline float dot(const float* a, const std::int8_t* b, std::size_t n, Level use = level()) {
  return use == Level::avx2 ? Avx2::dot(a, b, n) : Portable::dot(a, b, n);
}

/// y[i] += a * x[i] for i < n.
inline void add_scaled(float* y, float a, const float* x, std::size_t n, Level use = level()) {
  use == Level::avx2 ? Avx2::add_scaled(y, a, x, n) : Portable::add_scaled(y, a, x, n);
}

/// The same, x in binary16 (as bits).
inline void add_scaled(float* y, float a, const std::uint16_t* x, std::size_t n, Level use = level()) {
  use == Level::avx2 ? Avx2::add_scaled(y, a, x, n) : Portable::add_scaled(y, a, x, n);
}

/// The same, x in 8-bit integers.
inline void add_scaled(float* y, float a, const std::int8_t* x, std::size_t n, Level use = level()) {
  use == Level::avx2 ? Avx2::add_scaled(y, a, x, n) : Portable::add_scaled(y, a, x, n);
}

/// float32 to binary16: nearest, ties to even; 65520 and above become infinite. The same bits on every level, but
/// for NaN's payload.
inline void to_float16(const float* in, std::uint16_t* out, std::size_t n, Level use = level()) {
  use == Level::avx2 ? Avx2::to_float16(in, out, n) : Portable::to_float16(in, out, n);
}

/// binary16 to float32, exact.
inline void to_float32(const std::uint16_t* in, float* out, std::size_t n, Level use = level()) {
  use == Level::avx2 ? Avx2::to_float32(in, out, n) : Portable::to_float32(in, out, n);
}

}  // namespace asterism::simd
