// Root-mean-square normalisation.
#pragma once

#include <cmath>
#include <cstddef>
#include <cuda_runtime.h>

#include "asterism/core/view.hpp"
#include "asterism/cuda/block.cuh"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

struct RmsNormTuning {
  static constexpr unsigned threads = 256;
};

/// One block per row. See linalg::rms_norm; y may alias x.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    rms_norm_kernel(MatrixView<const float> x, View<const float> weight, float epsilon, MatrixView<float> y) {
  __shared__ float partial[T::threads / warp_size];
  const View<const float> row = x.row(blockIdx.x);
  float squares = 0;
  for (std::size_t c = threadIdx.x; c < row.size; c += T::threads) squares = fmaf(row[c], row[c], squares);
  const float mean = block_sum(squares, partial) / static_cast<float>(row.size);
  const float scale = 1.0F / sqrtf(mean + epsilon);
  for (std::size_t c = threadIdx.x; c < row.size; c += T::threads) {
    y(blockIdx.x, c) = weight[c] * (row[c] * scale);
  }
}

inline void launch_rms_norm(const Queue& queue, MatrixView<const float> x, View<const float> weight, float epsilon,
                            MatrixView<float> y) {
  using T = RmsNormTuning;
  launch_kernel(queue, "rms_norm", rms_norm_kernel<T>, x.rows, 1, T::threads, x, weight, epsilon, y);
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
