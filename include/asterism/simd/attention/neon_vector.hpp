// Attention's vector kernels with NEON, for every aarch64 processor.
#pragma once

#if defined(__aarch64__)

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <arm_neon.h>

#include "asterism/core/view.hpp"
#include "asterism/simd/attention/neon_stored_row.hpp"
#include "asterism/simd/attention/portable_vector.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// The kernels of Level::neon; see `vector.hpp`.
///
/// Order of summation of a dot product: lane l sums the products l, l + 4, l + 8 ... with fused multiply-adds, then
/// neighbours are added, then their sums. Where a row ends inside of sixteen values, zeros follow.
struct NeonVector : NeonStoredRow {
  template <class Row>
  static void dots(View<const float* const> queries, StoredRows<Row> rows, MatrixView<float> out) {
    std::size_t q = 0;
    for (; q + 2 <= queries.size; q += 2)
      dots_of<2>(queries.data + q, rows, out.data + q * out.stride, out.stride);
    if (q < queries.size) dots_of<1>(queries.data + q, rows, out.data + q * out.stride, out.stride);
  }

  template <class Row>
  static void add_weighted(MatrixView<const float> weights, StoredRows<Row> rows, View<float* const> sums) {
    std::size_t q = 0;
    for (; q + 4 <= sums.size; q += 4)
      add_of<4>(weights.data + q * weights.stride, weights.stride, rows, sums.data + q);
    for (; q < sums.size; ++q) add_of<1>(weights.data + q * weights.stride, weights.stride, rows, sums.data + q);
  }

  static float maximum(View<const float> x) {
    float32x4_t most = vdupq_n_f32(x.data[0]);
    std::size_t i = 0;
    for (; i + 4 <= x.size; i += 4) most = vmaxnmq_f32(most, vld1q_f32(x.data + i));
    float result = vmaxnmvq_f32(most);
    for (; i < x.size; ++i) result = x.data[i] > result ? x.data[i] : result;
    return result;
  }

  static float exponentials(View<float> x, float scale, float shift) {
    float32x4_t sum = vdupq_n_f32(0);
    std::size_t i = 0;
    const auto replace = [&](float* at) {
      const float32x4_t from = vsubq_f32(vld1q_f32(at), vdupq_n_f32(shift));
      vst1q_f32(at, exponential(vmulq_n_f32(from, scale)));
    };
    for (; i + 4 <= x.size; i += 4) {
      replace(x.data + i);
      sum = vaddq_f32(sum, vld1q_f32(x.data + i));
    }
    if (i < x.size) {
      float last[4] = {};
      const std::size_t size = (x.size - i) * sizeof(float);
      std::memcpy(last, x.data + i, size);
      replace(last);
      std::memcpy(x.data + i, last, size);
      float added[4] = {};
      std::memcpy(added, last, size);
      sum = vaddq_f32(sum, vld1q_f32(added));
    }
    return vaddvq_f32(sum);
  }

  static void add_scaled(float* y, float a, const float* x, std::size_t n) {
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) vst1q_f32(y + i, vfmaq_n_f32(vld1q_f32(y + i), vld1q_f32(x + i), a));
    for (; i < n; ++i) y[i] = std::fma(a, x[i], y[i]);
  }

  static void to_float16(const float* in, std::uint16_t* out, std::size_t n) {
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) vst1_u16(out + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(in + i))));
    PortableVector::to_float16(in + i, out + i, n - i);
  }

 private:
  /// `Queries` queries times 8 / Queries rows at a time.
  template <std::size_t Queries, class Row>
  static void dots_of(const float* const* queries, StoredRows<Row> rows, float* out, std::size_t stride) {
    constexpr std::size_t step = 8 / Queries;
    const std::size_t share =
        16 * step * Row::bytes(rows.width) / rows.width;  // of the rows side by side, in bytes
    for (std::size_t first = 0; first < rows.count; first += step) {
      const std::size_t count = rows.count - first;
      const std::byte* at[step];
      float32x4_t sums[Queries][step];
      ASTERISM_UNROLL
      for (std::size_t k = 0; k < step; ++k) {
        at[k] = rows[first + (k < count ? k : count - 1)];
        ASTERISM_UNROLL
        for (std::size_t q = 0; q < Queries; ++q) sums[q][k] = vdupq_n_f32(0);
      }
      std::size_t i = 0;
      for (; i + 16 <= rows.width; i += 16) {
        rows.template fetch<Row::bytes(16 * step)>(first * Row::bytes(rows.width) + i / 16 * share);
        Sixteen query[Queries];
        ASTERISM_UNROLL
        for (std::size_t q = 0; q < Queries; ++q) query[q] = load_floats(queries[q] + i);
        ASTERISM_UNROLL
        for (std::size_t k = 0; k < step; ++k) {
          const Sixteen row = load<Row>(at[k], rows.width, i);
          ASTERISM_UNROLL
          for (std::size_t q = 0; q < Queries; ++q) add_products(sums[q][k], query[q], row);
        }
      }
      if (i < rows.width) {
        const std::size_t last = rows.width - i;
        for (std::size_t k = 0; k < step; ++k) {
          const Sixteen row = load_part<Row>(at[k], rows.width, i, last);
          for (std::size_t q = 0; q < Queries; ++q) {
            float values[16] = {};
            std::memcpy(values, queries[q] + i, last * sizeof(float));
            add_products(sums[q][k], load_floats(values), row);
          }
        }
      }
      for (std::size_t q = 0; q < Queries; ++q) {
        float all[step];
        ASTERISM_UNROLL
        for (std::size_t k = 0; k < step; k += 4) {
          const float32x4_t* four = sums[q] + k;
          vst1q_f32(all + k, vpaddq_f32(vpaddq_f32(four[0], four[1]), vpaddq_f32(four[2], four[3])));
        }
        std::memcpy(out + q * stride + first, all, (count < step ? count : step) * sizeof(float));
      }
    }
  }
  static void add_products(float32x4_t& sum, const Sixteen& a, const Sixteen& b) {
    ASTERISM_UNROLL
    for (std::size_t v = 0; v < 4; ++v) sum = vfmaq_f32(sum, a.values[v], b.values[v]);
  }

  template <std::size_t Queries, class Row>
  static void add_of(const float* weights, std::size_t stride, StoredRows<Row> rows, float* const* sums) {
    const std::size_t share = 16 * Row::bytes(rows.width) / rows.width;  // of a row, in bytes
    std::size_t i = 0;
    for (; i + 16 <= rows.width; i += 16) {
      Sixteen sum[Queries];
      ASTERISM_UNROLL
      for (std::size_t q = 0; q < Queries; ++q) sum[q] = load_floats(sums[q] + i);
      for (std::size_t j = 0; j < rows.count; ++j) {
        rows.template fetch<Row::bytes(16)>(share * (i / 16 * rows.count + j));
        const Sixteen row = load<Row>(rows[j], rows.width, i);
        ASTERISM_UNROLL
        for (std::size_t q = 0; q < Queries; ++q) {
          const float weight = weights[q * stride + j];
          ASTERISM_UNROLL
          for (std::size_t v = 0; v < 4; ++v)
            sum[q].values[v] = vfmaq_n_f32(sum[q].values[v], row.values[v], weight);
        }
      }
      ASTERISM_UNROLL
      for (std::size_t q = 0; q < Queries; ++q) {
        ASTERISM_UNROLL
        for (std::size_t v = 0; v < 4; ++v) vst1q_f32(sums[q] + i + 4 * v, sum[q].values[v]);
      }
    }
    const std::size_t last = rows.width - i;
    for (std::size_t j = 0; last > 0 && j < rows.count; ++j) {
      float row[16];
      Row::values(rows[j], rows.width, i, last, row);
      for (std::size_t q = 0; q < Queries; ++q) add_scaled(sums[q] + i, weights[q * stride + j], row, last);
    }
  }

  /// See PortableVector::exponentials.
  static float32x4_t exponential(float32x4_t t) {
    using Plain = PortableVector;
    t = vmaxq_f32(t, vdupq_n_f32(Plain::lowest));  // a NaN stays
    const float32x4_t k = vrndnq_f32(vmulq_n_f32(t, Plain::log2_e));
    const float32x4_t high = vfmsq_n_f32(t, k, Plain::ln2_high);
    const float32x4_t r = vfmsq_n_f32(high, k, Plain::ln2_low);
    float32x4_t y = vdupq_n_f32(Plain::polynomial[0]);
    ASTERISM_UNROLL
    for (std::size_t c = 1; c < 6; ++c) y = vfmaq_f32(vdupq_n_f32(Plain::polynomial[c]), y, r);
    y = vaddq_f32(vfmaq_f32(r, y, vmulq_f32(r, r)), vdupq_n_f32(1.0F));
    const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(k), vdupq_n_s32(127));
    return vmulq_f32(y, vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
  }
};

}  // namespace asterism::simd

#endif
