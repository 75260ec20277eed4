// Loads rows of keys and values into NEON registers; see neon_vector.hpp.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

#include "asterism/quant/half_precision.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// Row loads of Level::neon, sixteen values at a time.
struct NeonStoredRow {
  struct Sixteen {
    float32x4_t values[4];
  };

  template <class Row>
  static void widen(StoredRows<Row> rows, float* out) {
    for (std::size_t j = 0; j < rows.count; ++j, out += rows.width) {
      std::size_t i = 0;
      for (; i + 16 <= rows.width; i += 16) {
        const Sixteen values = load<Row>(rows[j], rows.width, i);
        ASTERISM_UNROLL
        for (std::size_t v = 0; v < 4; ++v) vst1q_f32(out + i + 4 * v, values.values[v]);
      }
      Row::values(rows[j], rows.width, i, rows.width - i, out + i);
    }
  }

  /// The values from the i-th on, i a multiple of 16.
  template <class Row>
  static Sixteen load(const std::byte* row, std::size_t n, std::size_t i) {
    if constexpr (Row::one_scale(16)) return load_of(Row{}, row, n, i);
    return load_part<Row>(row, n, i, 16);
  }

  /// The `count` values from the i-th on, then zeros; count <= 16.
  template <class Row>
  static Sixteen load_part(const std::byte* row, std::size_t n, std::size_t i, std::size_t count) {
    float values[16] = {};
    Row::values(row, n, i, count, values);
    return load_floats(values);
  }

  static Sixteen load_floats(const float* values) {
    return {{vld1q_f32(values), vld1q_f32(values + 4), vld1q_f32(values + 8), vld1q_f32(values + 12)}};
  }

 private:
  static Sixteen load_of(Float32Row /*row*/, const std::byte* row, std::size_t /*n*/, std::size_t i) {
    return load_floats(reinterpret_cast<const float*>(row + i * sizeof(float)));
  }
  static Sixteen load_of(Float16Row /*row*/, const std::byte* row, std::size_t /*n*/, std::size_t i) {
    const auto* halves = reinterpret_cast<const std::uint16_t*>(row + i * sizeof(std::uint16_t));
    Sixteen out;
    ASTERISM_UNROLL
    for (std::size_t v = 0; v < 4; ++v) {
      out.values[v] = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(halves + 4 * v)));
    }
    return out;
  }
  template <int Group>
  static Sixteen load_of(Int8Row<Group> format, const std::byte* row, std::size_t n, std::size_t i) {
    const float scale = quant::float_from_float16(format.scale_bits(row, n, i));
    const int8x16_t codes = vld1q_s8(reinterpret_cast<const std::int8_t*>(row + i));
    const int16x8_t low = vmovl_s8(vget_low_s8(codes));
    const int16x8_t high = vmovl_high_s8(codes);
    return {{vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))), scale),
             vmulq_n_f32(vcvtq_f32_s32(vmovl_high_s16(low)), scale),
             vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))), scale),
             vmulq_n_f32(vcvtq_f32_s32(vmovl_high_s16(high)), scale)}};
  }
};

}  // namespace asterism::simd

#endif
