// Gated DeltaNet: a convolution over the last rows, gates, the delta rule on a state, and the norm of its answers.
#pragma once

#include <cmath>
#include <cstddef>
#include <cuda_runtime.h>

#include "asterism/backend/delta_heads.hpp"
#include "asterism/core/view.hpp"
#include "asterism/cuda/block.cuh"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

// See backend::HostDevice for what each computes. Rows are passed one after another, whatever their number, so that a
// prompt has the same bits in any cut into passes.

struct RecurrentTuning {
  static constexpr unsigned threads = 128;
};

/// Its product with the sigmoid of itself.
__device__ inline float silu(float z) { return z / (1.0F + expf(-z)); }

/// One thread for each channel. after may be before; y is not x.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    causal_convolution_kernel(MatrixView<const float> x, MatrixView<const float> weights,
                              MatrixView<const float> before, MatrixView<float> after, MatrixView<float> y) {
  const std::size_t c = std::size_t{blockIdx.x} * T::threads + threadIdx.x;
  if (c >= x.cols) return;
  const std::size_t kernel = weights.cols;
  const auto u = [&](std::size_t row) { return row + 1 < kernel ? before(row, c) : x(row + 1 - kernel, c); };
  for (std::size_t t = 0; t < x.rows; ++t) {
    float sum = 0;
    for (std::size_t j = 0; j < kernel; ++j) sum = fmaf(weights(c, j), u(t + j), sum);
    y(t, c) = silu(sum);
  }
  for (std::size_t row = 0; row + 1 < kernel; ++row) after(row, c) = u(x.rows + row);
}

/// One block for each row; its threads take every T::threads-th value head.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    delta_gates_kernel(backend::DeltaHeads heads, MatrixView<const float> ba, View<const float> rate,
                       View<const float> dt_bias, MatrixView<float> decay, MatrixView<float> beta) {
  const std::size_t group = heads.values_per_key();
  for (std::size_t head = threadIdx.x; head < heads.value_heads; head += T::threads) {
    const std::size_t b = head / group * 2 * group + head % group;
    const float x = ba(blockIdx.x, b + group) + dt_bias[head];
    const float step = x > 20 ? x : log1pf(expf(x));  // torch's threshold
    decay(blockIdx.x, head) = expf(rate[head] * step);
    beta(blockIdx.x, head) = 1.0F / (1.0F + expf(-ba(blockIdx.x, b)));
  }
}

/// One block for each value head and T::threads columns of its state, which lies in `after` from the first row on; each
/// thread has a column.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    delta_rule_kernel(backend::DeltaHeads heads, MatrixView<const float> qkv, MatrixView<const float> decay,
                      MatrixView<const float> beta, MatrixView<const float> before, MatrixView<float> after,
                      MatrixView<float> out) {
  __shared__ float q[backend::DeltaHeads::most_key_width];
  __shared__ float k[backend::DeltaHeads::most_key_width];
  __shared__ float partial[T::threads / warp_size];
  const std::size_t width = heads.key_width;
  const std::size_t head = blockIdx.y;
  const std::size_t c = std::size_t{blockIdx.x} * T::threads + threadIdx.x;
  const std::size_t key = head / heads.values_per_key() * width;
  const std::size_t state = head * width;
  const bool has_column = c < heads.value_width;
  if (has_column && after.data != before.data) {
    for (std::size_t i = 0; i < width; ++i) after(state + i, c) = before(state + i, c);
  }
  // The scale that makes the squares of a vector in shared memory sum up to one.
  const auto scale_of = [&](const float* values) {
    float squares = 0;
    for (std::size_t i = threadIdx.x; i < width; i += T::threads) squares = fmaf(values[i], values[i], squares);
    const float sum = block_sum(squares, partial);
    __syncthreads();
    return 1.0F / sqrtf(sum + 1e-6F);
  };
  for (std::size_t t = 0; t < qkv.rows; ++t) {
    __syncthreads();  // all have done with the row before
    for (std::size_t i = threadIdx.x; i < width; i += T::threads) {
      q[i] = qkv(t, key + i);
      k[i] = qkv(t, heads.key_columns() + key + i);
    }
    __syncthreads();
    const float q_scale = scale_of(q) / sqrtf(static_cast<float>(width));
    const float k_scale = scale_of(k);
    if (!has_column) continue;
    const float kept = decay(t, head);
    float known = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const float s = after(state + i, c) * kept;
      after(state + i, c) = s;
      known = fmaf(s, k[i] * k_scale, known);
    }
    const std::size_t column = head * heads.value_width + c;
    const float change = beta(t, head) * (qkv(t, 2 * heads.key_columns() + column) - known);
    float answer = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const float s = fmaf(k[i] * k_scale, change, after(state + i, c));
      after(state + i, c) = s;
      answer = fmaf(s, q[i] * q_scale, answer);
    }
    out(t, column) = answer;
  }
}

/// One block for each row and head. y may be x.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    gated_rms_norm_kernel(MatrixView<const float> x, View<const float> weight, float epsilon,
                          MatrixView<const float> z, MatrixView<float> y) {
  __shared__ float partial[T::threads / warp_size];
  const std::size_t first = std::size_t{blockIdx.y} * weight.size;
  float squares = 0;
  for (std::size_t c = threadIdx.x; c < weight.size; c += T::threads) {
    const float value = x(blockIdx.x, first + c);
    squares = fmaf(value, value, squares);
  }
  const float mean = block_sum(squares, partial) / static_cast<float>(weight.size);
  const float scale = 1.0F / sqrtf(mean + epsilon);
  for (std::size_t c = threadIdx.x; c < weight.size; c += T::threads) {
    y(blockIdx.x, first + c) = weight[c] * (x(blockIdx.x, first + c) * scale) * silu(z(blockIdx.x, first + c));
  }
}

inline void launch_causal_convolution(const Queue& queue, MatrixView<const float> x,
                                      MatrixView<const float> weights, MatrixView<const float> before,
                                      MatrixView<float> after, MatrixView<float> y) {
  using T = RecurrentTuning;
  launch_kernel(queue, "causal_convolution", causal_convolution_kernel<T>, blocks_for(x.cols, T::threads), 1,
                T::threads, x, weights, before, after, y);
}

inline void launch_delta_gates(const Queue& queue, const backend::DeltaHeads& heads, MatrixView<const float> ba,
                               View<const float> rate, View<const float> dt_bias, MatrixView<float> decay,
                               MatrixView<float> beta) {
  using T = RecurrentTuning;
  launch_kernel(queue, "delta_gates", delta_gates_kernel<T>, ba.rows, 1, T::threads, heads, ba, rate, dt_bias,
                decay, beta);
}

inline void launch_delta_rule(const Queue& queue, const backend::DeltaHeads& heads, MatrixView<const float> qkv,
                              MatrixView<const float> decay, MatrixView<const float> beta,
                              MatrixView<const float> before, MatrixView<float> after, MatrixView<float> out) {
  using T = RecurrentTuning;
  launch_kernel(queue, "delta_rule", delta_rule_kernel<T>, blocks_for(heads.value_width, T::threads),
                heads.value_heads, T::threads, heads, qkv, decay, beta, before, after, out);
}

inline void launch_gated_rms_norm(const Queue& queue, MatrixView<const float> x, View<const float> weight,
                                  float epsilon, MatrixView<const float> z, MatrixView<float> y) {
  using T = RecurrentTuning;
  launch_kernel(queue, "gated_rms_norm", gated_rms_norm_kernel<T>, x.rows, x.cols / weight.size, T::threads, x,
                weight, epsilon, z, y);
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
