// Recurrent kernels with NEON, for every aarch64 processor.
#pragma once

#if defined(__aarch64__)

#include <cmath>
#include <cstddef>
#include <cstring>

#include <arm_neon.h>

#include "asterism/core/view.hpp"
#include "asterism/simd/recurrent.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// The kernels of Level::neon; see `recurrent.hpp`.
struct NeonRecurrent {
  static void delta_rule(const DeltaBlock& block) {
    const std::size_t width = resident_columns(block.q.cols);
    for (std::size_t c = 0; c < block.v.cols; c += width) {
      const std::size_t left = block.v.cols - c;
      const DeltaBlock some = block.columns(c, left < width ? left : width);
      width == 32 ? run<8>(some) : run<4>(some);
    }
  }

  static void convolve(View<const float* const> rows, MatrixView<const float> taps, View<float> y) {
    std::size_t c = 0;
    for (; c + 4 <= y.size; c += 4) {
      float32x4_t sum = vdupq_n_f32(0);
      for (std::size_t j = 0; j < rows.size; ++j) {
        sum = vfmaq_f32(sum, vld1q_f32(taps.data + j * taps.stride + c), vld1q_f32(rows.data[j] + c));
      }
      vst1q_f32(y.data + c, sum);
    }
    for (; c < y.size; ++c) {
      float sum = 0;
      for (std::size_t j = 0; j < rows.size; ++j)
        sum = std::fma(taps.data[j * taps.stride + c], rows.data[j][c], sum);
      y.data[c] = sum;
    }
  }

 private:
  /// 4 * Vectors columns: what is summed, or added to each row of the state.
  template <std::size_t Vectors>
  struct Columns {
    float32x4_t values[Vectors] = {};

    /// `count` numbers, then zeros.
    static Columns load(const float* from, std::size_t count) {
      float values[4 * Vectors] = {};
      std::memcpy(values, from, count * sizeof(float));
      Columns out;
      ASTERISM_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) out.values[v] = vld1q_f32(values + 4 * v);
      return out;
    }
    void store(float* to, std::size_t count) const {
      float all[4 * Vectors];
      ASTERISM_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) vst1q_f32(all + 4 * v, values[v]);
      std::memcpy(to, all, count * sizeof(float));
    }
  };

  /// In a copy of 4 * Vectors columns, those beyond the block's 0.
  template <std::size_t Vectors>
  static void run(const DeltaBlock& block) {
    constexpr std::size_t width = 4 * Vectors;
    const std::size_t tokens = block.v.rows;
    const std::size_t keys = block.q.cols;
    const std::size_t columns = block.v.cols;
    float state[resident_floats];
    const float* k = block.k.data;
    Columns<Vectors> from_key;
    for (std::size_t i = 0; i < keys; ++i) {
      const auto row = Columns<Vectors>::load(block.before.data + i * block.before.stride, columns);
      row.store(state + i * width, width);
      ASTERISM_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v)
        from_key.values[v] = vfmaq_n_f32(from_key.values[v], row.values[v], k[i]);
    }
    const float width_scale = 1.0F / std::sqrt(static_cast<float>(keys));
    float key_scale = inverse_norm(k, keys);
    for (std::size_t t = 0; t < tokens; ++t) {
      const float decay = block.decay.data[t * block.decay.stride];
      const float beta = block.beta.data[t * block.beta.stride];
      auto d = Columns<Vectors>::load(block.v.data + t * block.v.stride, columns);
      ASTERISM_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) {
        const float32x4_t error = vfmsq_n_f32(d.values[v], from_key.values[v], decay * key_scale);
        d.values[v] = vmulq_n_f32(error, beta * key_scale);
      }
      const float* const q = block.q.data + t * block.q.stride;
      const float* const next = t + 1 < tokens ? k + block.k.stride : k;  // the last one's answer is not used
      Columns<Vectors> from_query;
      from_key = {};
      for (std::size_t i = 0; i < keys; ++i) {
        float* const row = state + i * width;
        ASTERISM_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
          const float32x4_t s = vfmaq_n_f32(vmulq_n_f32(vld1q_f32(row + 4 * v), decay), d.values[v], k[i]);
          vst1q_f32(row + 4 * v, s);
          from_query.values[v] = vfmaq_n_f32(from_query.values[v], s, q[i]);
          from_key.values[v] = vfmaq_n_f32(from_key.values[v], s, next[i]);
        }
      }
      const float query_scale = inverse_norm(q, keys) * width_scale;
      ASTERISM_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v)
        from_query.values[v] = vmulq_n_f32(from_query.values[v], query_scale);
      from_query.store(block.out.data + t * block.out.stride, columns);
      k = next;
      key_scale = inverse_norm(k, keys);
    }
    for (std::size_t i = 0; i < keys; ++i)
      std::memcpy(block.after.data + i * block.after.stride, state + i * width, columns * sizeof(float));
  }

  /// See PortableRecurrent::inverse_norm.
  static float inverse_norm(const float* x, std::size_t n) {
    float32x4_t squares[4] = {};
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) add_squares(squares, x + i);
    if (i < n) {
      float last[16] = {};
      std::memcpy(last, x + i, (n - i) * sizeof(float));
      add_squares(squares, last);
    }
    const float32x4_t four = vaddq_f32(vaddq_f32(squares[0], squares[2]), vaddq_f32(squares[1], squares[3]));
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return 1.0F / std::sqrt(vget_lane_f32(two, 0) + vget_lane_f32(two, 1) + 1e-6F);
  }
  static void add_squares(float32x4_t* squares, const float* x) {
    ASTERISM_UNROLL
    for (std::size_t v = 0; v < 4; ++v) {
      const float32x4_t values = vld1q_f32(x + 4 * v);
      squares[v] = vfmaq_f32(squares[v], values, values);
    }
  }
};

}  // namespace asterism::simd

#endif
