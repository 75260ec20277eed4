// Element-wise operations: sums, gates, rotary positions.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

#include "asterism/core/view.hpp"
#include "asterism/cuda/block.cuh"
#include "asterism/linalg/rope.hpp"
#include "asterism/linalg/rotary_angle.hpp"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

struct ElementwiseTuning {
  static constexpr unsigned threads = 256;
};

// One block per row; its threads take every T::threads-th element.

template <class T>
static __global__ void __launch_bounds__(T::threads) add_kernel(MatrixView<const float> y, MatrixView<float> x) {
  const std::size_t row = y.rows == 1 ? 0 : blockIdx.x;
  for (std::size_t c = threadIdx.x; c < x.cols; c += T::threads) x(blockIdx.x, c) += y(row, c);
}

/// See linalg::silu_multiply; out may alias gate or up.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    silu_multiply_kernel(MatrixView<const float> gate, MatrixView<const float> up, MatrixView<float> out) {
  for (std::size_t c = threadIdx.x; c < out.cols; c += T::threads) {
    const float z = gate(blockIdx.x, c);
    out(blockIdx.x, c) = z / (1.0F + expf(-z)) * up(blockIdx.x, c);
  }
}

/// y may be x; NaN stays NaN.
template <class T>
static __global__ void __launch_bounds__(T::threads) relu_kernel(MatrixView<const float> x, MatrixView<float> y) {
  for (std::size_t c = threadIdx.x; c < x.cols; c += T::threads) {
    const float value = x(blockIdx.x, c);
    y(blockIdx.x, c) = value < 0 ? 0 : value;
  }
}

/// A gate of one column decides for whole rows.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    sigmoid_multiply_kernel(MatrixView<const float> gate, MatrixView<float> x) {
  for (std::size_t c = threadIdx.x; c < x.cols; c += T::threads) {
    x(blockIdx.x, c) /= 1.0F + expf(-gate(blockIdx.x, gate.cols == 1 ? 0 : c));
  }
}

/// Pairs of blocks of `width`: the first of each to `first`, the second to `second`.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    split_kernel(MatrixView<const float> x, std::size_t width, MatrixView<float> first, MatrixView<float> second) {
  for (std::size_t c = threadIdx.x; c < first.cols; c += T::threads) {
    const std::size_t from = c / width * 2 * width + c % width;
    first(blockIdx.x, c) = x(blockIdx.x, from);
    second(blockIdx.x, c) = x(blockIdx.x, from + width);
  }
}

template <class T>
static __global__ void __launch_bounds__(T::threads)
    rotary_tables_kernel(std::int32_t first, linalg::Rope rope, MatrixView<float> tables) {
  const std::size_t half = tables.cols / 2;
  for (std::size_t i = threadIdx.x; i < half; i += T::threads) {
    const double angle = linalg::rotary_angle(first + static_cast<std::int32_t>(blockIdx.x), rope, i, tables.cols);
    tables(blockIdx.x, i) = static_cast<float>(cos(angle));
    tables(blockIdx.x, half + i) = static_cast<float>(sin(angle));
  }
}

/// See linalg::rotate_half.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    rotate_kernel(MatrixView<const float> tables, std::size_t head_dim, MatrixView<float> x) {
  const std::size_t half = tables.cols / 2;
  for (std::size_t pair = threadIdx.x; pair < x.cols / head_dim * half; pair += T::threads) {
    const std::size_t i = pair % half;
    const std::size_t head = pair / half * head_dim;
    linalg::rotate_pair(x(blockIdx.x, head + i), x(blockIdx.x, head + half + i), tables(blockIdx.x, i),
                        tables(blockIdx.x, half + i));
  }
}

inline void launch_add(const Queue& queue, MatrixView<const float> y, MatrixView<float> x) {
  using T = ElementwiseTuning;
  launch_kernel(queue, "add", add_kernel<T>, x.rows, 1, T::threads, y, x);
}

inline void launch_silu_multiply(const Queue& queue, MatrixView<const float> gate, MatrixView<const float> up,
                                 MatrixView<float> out) {
  using T = ElementwiseTuning;
  launch_kernel(queue, "silu_multiply", silu_multiply_kernel<T>, out.rows, 1, T::threads, gate, up, out);
}

inline void launch_relu(const Queue& queue, MatrixView<const float> x, MatrixView<float> y) {
  using T = ElementwiseTuning;
  launch_kernel(queue, "relu", relu_kernel<T>, x.rows, 1, T::threads, x, y);
}

inline void launch_rotary_tables(const Queue& queue, std::int32_t first, const linalg::Rope& rope,
                                 MatrixView<float> tables) {
  using T = ElementwiseTuning;
  launch_kernel(queue, "rotary_tables", rotary_tables_kernel<T>, tables.rows, 1, T::threads, first, rope, tables);
}

inline void launch_sigmoid_multiply(const Queue& queue, MatrixView<const float> gate, MatrixView<float> x) {
  using T = ElementwiseTuning;
  launch_kernel(queue, "sigmoid_multiply", sigmoid_multiply_kernel<T>, x.rows, 1, T::threads, gate, x);
}

inline void launch_split(const Queue& queue, MatrixView<const float> x, std::size_t width, MatrixView<float> first,
                         MatrixView<float> second) {
  using T = ElementwiseTuning;
  launch_kernel(queue, "split", split_kernel<T>, x.rows, 1, T::threads, x, width, first, second);
}

inline void launch_rotate(const Queue& queue, MatrixView<const float> tables, std::size_t head_dim,
                          MatrixView<float> x) {
  using T = ElementwiseTuning;
  launch_kernel(queue, "rotate", rotate_kernel<T>, x.rows, 1, T::threads, tables, head_dim, x);
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
