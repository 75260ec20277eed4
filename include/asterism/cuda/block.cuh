// Shared by kernels: launches, and sums over the lanes of a warp and the threads of a block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/cuda/queue.cuh"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

// Kernels are static and their launchers hidden, so that their names never clash with those of another library
// built for other architectures. They are templates over a tuning, a struct of constexpr values; another tuning is
// a struct that derives and hides one. (nvcc 13.0 does not compile it as a non-type template argument.)

inline constexpr unsigned warp_size = 32;

/// Queues kernel(arguments...) on a grid of blocks of `threads`. An empty grid is not launched.
template <class... Parameters>
void launch_kernel(const Queue& queue, const char* name, void (*kernel)(Parameters...), std::size_t blocks_x,
                   std::size_t blocks_y, unsigned threads, Parameters... arguments) {
  if (blocks_x == 0 || blocks_y == 0) return;
  if (blocks_x > 0x7FFFFFFFU || blocks_y > 0xFFFFU) {
    throw InvalidArgument(concat(name, ": ", blocks_x, " x ", blocks_y, " blocks are more than a GPU takes"));
  }
  const CurrentGpu current(queue.gpu());
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks_x), static_cast<unsigned>(blocks_y), 1);
  config.blockDim = dim3(threads, 1, 1);
  config.stream = stream_of(queue);
  require(cudaLaunchKernelEx(&config, kernel, arguments...), name, queue.gpu());
}

/// n / size, rounded up.
inline std::size_t blocks_for(std::size_t n, std::size_t size) { return (n + size - 1) / size; }

/// The sum over the lanes of a warp, in every lane: pairs of lanes 16 apart, then 8, 4, 2, 1. All lanes call it.
__device__ inline float warp_sum(float value) {
  for (unsigned distance = warp_size / 2; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(0xFFFFFFFFU, value, static_cast<int>(distance));
  }
  return value;
}

/// The sum over the threads of a block, in every thread: of each warp, then warp by warp. `partial` is shared
/// memory for one float per warp, reusable after another barrier. All threads call it.
__device__ inline float block_sum(float value, float* partial) {
  value = warp_sum(value);
  if (threadIdx.x % warp_size == 0) partial[threadIdx.x / warp_size] = value;
  __syncthreads();
  float sum = partial[0];
  for (unsigned warp = 1; warp < blockDim.x / warp_size; ++warp) sum += partial[warp];
  return sum;
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
