// Quantizes a row of floats to 8-bit integers with NEON.
#pragma once

#if defined(__aarch64__)

#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

#include "asterism/simd/activation8.hpp"
#include "asterism/simd/integer/quantize_row.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// See PortableQuantize.
struct NeonQuantize {
  static void quantize(const float* x, const Rows8& to, std::size_t row, std::size_t first, std::size_t count) {
    const std::size_t last = first + count;
    for (std::size_t begin = first; begin < last; begin += to.order.group) {
      const std::size_t end = begin + to.order.group < last ? begin + to.order.group : last;
      uint32x4_t largest = vdupq_n_u32(0);
      for (std::size_t c = begin; c < end; c += 4) {
        largest = vmaxq_u32(largest, vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x + c))));
      }
      const GroupScale scale(vmaxvq_u32(largest));
      to.scales[row * to.groups() + begin / to.order.group] = scale.scale;
      for (std::size_t c = begin; c < end; c += to.order.cell) {
        std::int32_t sum = 0;
        for (std::size_t i = c; i < c + to.order.cell; i += Rows8::unit) {
          sum += quantize_unit(x + i, scale.factor, to.order.paired, to.codes + row * to.cols + i);
        }
        const std::size_t cell = row * to.cells() + c / to.order.cell;
        to.biases[cell] = -128 * sum;
        to.sums[cell] = static_cast<float>(sum);
      }
    }
  }

 private:
  /// 32 codes; returns their sum.
  static std::int32_t quantize_unit(const float* x, float factor, bool paired, std::int8_t* codes) {
    int16x8_t integers[4];
    ASTERISM_UNROLL
    for (int k = 0; k < 4; ++k) {
      const int16x4_t low = vqmovn_s32(nearest(x + 8 * k, factor));
      const int16x4_t high = vqmovn_s32(nearest(x + 8 * k + 4, factor));
      integers[k] = paired ? vcombine_s16(vuzp1_s16(low, high), vuzp2_s16(low, high)) : vcombine_s16(low, high);
    }
    vst1q_s8(codes, vcombine_s8(vqmovn_s16(integers[0]), vqmovn_s16(integers[1])));
    vst1q_s8(codes + 16, vcombine_s8(vqmovn_s16(integers[2]), vqmovn_s16(integers[3])));
    return vaddlvq_s16(vaddq_s16(vaddq_s16(integers[0], integers[1]), vaddq_s16(integers[2], integers[3])));
  }

  /// Four values times the factor, to the nearest integers; zeros if the factor is 0, whatever the values.
  static int32x4_t nearest(const float* x, float factor) {
    return factor == 0 ? vdupq_n_s32(0) : vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x), factor));
  }
};

}  // namespace asterism::simd

#endif
