// Recurrent kernels in plain C++, for every machine.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/simd/recurrent.hpp"

namespace asterism::simd {

/// The kernels of Level::portable; see `recurrent.hpp`. The functions are never inlined, so that all callers get the
/// same rounding.
struct PortableRecurrent {
  static void delta_rule(const DeltaBlock& block) {
    const std::size_t width = resident_columns(block.q.cols);
    for (std::size_t c = 0; c < block.v.cols; c += width) {
      const std::size_t left = block.v.cols - c;
      const DeltaBlock some = block.columns(c, left < width ? left : width);
      width == 32 ? run<32>(some) : run<16>(some);
    }
  }

  __attribute__((noinline)) static void convolve(View<const float* const> rows, MatrixView<const float> taps,
                                                 View<float> y) {
    for (std::size_t c = 0; c < y.size; ++c) {
      float sum = 0;
      for (std::size_t j = 0; j < rows.size; ++j) sum += taps.data[j * taps.stride + c] * rows.data[j][c];
      y.data[c] = sum;
    }
  }

  /// What a key or query is multiplied with: lane l of 16 sums the squares l, l + 16 ..., then lanes at distances of
  /// 8, 4, 2 and 1 are added.
  __attribute__((noinline)) static float inverse_norm(const float* x, std::size_t n) {
    float squares[16] = {};
    for (std::size_t i = 0; i < n; ++i) squares[i % 16] += x[i] * x[i];
    for (std::size_t distance = 8; distance > 0; distance /= 2) {
      for (std::size_t l = 0; l < distance; ++l) squares[l] += squares[l + distance];
    }
    return 1.0F / std::sqrt(squares[0] + 1e-6F);
  }

 private:
  /// In a copy of `Width` columns, those beyond the block's 0.
  template <std::size_t Width>
  __attribute__((noinline)) static void run(const DeltaBlock& block) {
    const std::size_t tokens = block.v.rows;
    const std::size_t keys = block.q.cols;
    const std::size_t columns = block.v.cols;
    float state[resident_floats] = {};
    float d[Width] = {};
    float from_query[Width];
    float from_key[Width] = {};
    const float* k = block.k.data;
    float key_scale = inverse_norm(k, keys);
    for (std::size_t i = 0; i < keys; ++i) {
      float* const row = state + i * Width;
      for (std::size_t c = 0; c < columns; ++c) row[c] = block.before.data[i * block.before.stride + c];
      for (std::size_t c = 0; c < Width; ++c) from_key[c] += k[i] * row[c];
    }
    const float width_scale = 1.0F / std::sqrt(static_cast<float>(keys));
    for (std::size_t t = 0; t < tokens; ++t) {
      const float decay = block.decay.data[t * block.decay.stride];
      const float beta = block.beta.data[t * block.beta.stride];
      for (std::size_t c = 0; c < columns; ++c) {
        const float error = block.v.data[t * block.v.stride + c] - decay * key_scale * from_key[c];
        d[c] = beta * key_scale * error;
      }
      const float* const q = block.q.data + t * block.q.stride;
      const float* const next = t + 1 < tokens ? k + block.k.stride : k;  // the last one's answer is not used
      for (std::size_t c = 0; c < Width; ++c) from_query[c] = from_key[c] = 0;
      for (std::size_t i = 0; i < keys; ++i) {
        float* const row = state + i * Width;
        for (std::size_t c = 0; c < Width; ++c) {
          row[c] = decay * row[c] + k[i] * d[c];
          from_query[c] += q[i] * row[c];
          from_key[c] += next[i] * row[c];
        }
      }
      const float query_scale = inverse_norm(q, keys) * width_scale;
      for (std::size_t c = 0; c < columns; ++c) {
        block.out.data[t * block.out.stride + c] = query_scale * from_query[c];
      }
      k = next;
      key_scale = inverse_norm(k, keys);
    }
    for (std::size_t i = 0; i < keys; ++i) {
      for (std::size_t c = 0; c < columns; ++c)
        block.after.data[i * block.after.stride + c] = state[i * Width + c];
    }
  }
};

}  // namespace asterism::simd
