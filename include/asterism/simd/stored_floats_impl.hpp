// Bodies of stored_floats.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/simd/by_level.hpp"
#include "asterism/simd/stored_floats.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/target.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::simd {

namespace detail {

/// Numbers that pass side by side.
inline constexpr std::size_t bfloat16_lanes = 8;
using BFloat16Words [[gnu::vector_size(4 * bfloat16_lanes)]] = std::uint32_t;
using BFloat16Halves [[gnu::vector_size(2 * bfloat16_lanes)]] = std::uint16_t;

/// quant::bfloat16_from_float of each.
[[gnu::always_inline]] inline void store_bfloat16_lanes(const float* from, std::byte* to) {
  BFloat16Words bits;
  std::memcpy(&bits, from, sizeof bits);
  const BFloat16Words rounded = bits + 0x7FFFU + ((bits >> 16U) & 1U);
  const BFloat16Words quiet = bits | 0x00400000U;
  const BFloat16Words kept = (bits & 0x7FFFFFFFU) > 0x7F800000U ? quiet : rounded;
  const auto halves = __builtin_convertvector(kept >> 16U, BFloat16Halves);
  std::memcpy(to, &halves, sizeof halves);
}
[[gnu::always_inline]] inline void load_bfloat16_lanes(const std::byte* from, float* to) {
  BFloat16Halves halves;
  std::memcpy(&halves, from, sizeof halves);
  const BFloat16Words bits = __builtin_convertvector(halves, BFloat16Words) << 16U;
  std::memcpy(to, &bits, sizeof bits);
}

/// The last few pass through a copy.
[[gnu::always_inline]] inline void store_bfloat16(View<const float> values, std::byte* stored) {
  std::size_t i = 0;
  for (; i + bfloat16_lanes <= values.size; i += bfloat16_lanes)
    store_bfloat16_lanes(values.data + i, stored + 2 * i);
  if (i == values.size) return;
  float last[bfloat16_lanes] = {};
  std::byte halves[2 * bfloat16_lanes];
  std::memcpy(last, values.data + i, (values.size - i) * sizeof(float));
  store_bfloat16_lanes(last, halves);
  std::memcpy(stored + 2 * i, halves, 2 * (values.size - i));
}
[[gnu::always_inline]] inline void load_bfloat16(const std::byte* stored, View<float> values) {
  std::size_t i = 0;
  for (; i + bfloat16_lanes <= values.size; i += bfloat16_lanes)
    load_bfloat16_lanes(stored + 2 * i, values.data + i);
  if (i == values.size) return;
  float last[bfloat16_lanes];
  std::byte halves[2 * bfloat16_lanes] = {};
  std::memcpy(halves, stored + 2 * i, 2 * (values.size - i));
  load_bfloat16_lanes(halves, last);
  std::memcpy(values.data + i, last, (values.size - i) * sizeof(float));
}

struct PortableBFloat16 {
  static void store(View<const float> values, std::byte* stored) { store_bfloat16(values, stored); }
  static void load(const std::byte* stored, View<float> values) { load_bfloat16(stored, values); }
};

#if defined(__x86_64__)
struct Avx2BFloat16 {
  ASTERISM_AVX2 static void store(View<const float> values, std::byte* stored) { store_bfloat16(values, stored); }
  ASTERISM_AVX2 static void load(const std::byte* stored, View<float> values) { load_bfloat16(stored, values); }
};
using BFloat16Kernels = ByLevel<On<Level::portable, PortableBFloat16>, On<Level::avx2, Avx2BFloat16>>;
#else
using BFloat16Kernels = ByLevel<On<Level::portable, PortableBFloat16>>;
#endif

}  // namespace detail

ASTERISM_INLINE void store_floats(View<const float> values, quant::FloatStorage storage, std::byte* stored,
                                  Level use) {
  using quant::FloatStorage;
  if (values.empty()) return;
  if (storage == FloatStorage::float32) {
    std::memcpy(stored, values.data, values.size * sizeof(float));
  } else if (storage == FloatStorage::bfloat16) {
    detail::BFloat16Kernels::run(use, [&](auto kernels) { kernels.store(values, stored); });
  } else {
    to_float16(values.data, reinterpret_cast<std::uint16_t*>(stored), values.size, use);
  }
}

ASTERISM_INLINE void load_floats(const std::byte* stored, quant::FloatStorage storage, View<float> values,
                                 Level use) {
  using quant::FloatStorage;
  if (values.empty()) return;
  if (storage == FloatStorage::float32) {
    std::memcpy(values.data, stored, values.size * sizeof(float));
  } else if (storage == FloatStorage::bfloat16) {
    detail::BFloat16Kernels::run(use, [&](auto kernels) { kernels.load(stored, values); });
  } else {
    widen(StoredRows<Float16Row>{stored, 1, values.size}, values.data, use);
  }
}

ASTERISM_INLINE void add_to_stored(View<const float> values, quant::FloatStorage storage, std::byte* stored,
                                   Level use) {
  constexpr std::size_t block = 256;
  alignas(64) float sums[block];
  for (std::size_t first = 0; first < values.size; first += block) {
    const std::size_t count = std::min(block, values.size - first);
    std::byte* const at = stored + first * quant::bytes_of(storage);
    load_floats(at, storage, {sums, count}, use);
    add_scaled(sums, 1.0F, values.data + first, count, use);
    store_floats({sums, count}, storage, at, use);
  }
}

}  // namespace asterism::simd
