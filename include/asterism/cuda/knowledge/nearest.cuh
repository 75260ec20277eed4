// The k rows of greatest product with each query: slices of rows are sorted, and the best of all slices merged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

#include "asterism/cuda/block.cuh"
#include "asterism/cuda/knowledge/nearest.hpp"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

struct NearestTuning {
  static constexpr unsigned warps = 8;
  static constexpr unsigned threads = warps * warp_size;
  static constexpr unsigned slice = Nearest::slice;
};

/// Sorts `count` keys in shared memory, a power of two of them, the greatest first. All threads of the block call it;
/// a barrier stands before and after. Source: Batcher, "Sorting networks and their applications", 1968 (bitonic).
template <unsigned count>
__device__ inline void sort_keys(std::uint64_t* keys) {
  for (unsigned size = 2; size <= count; size *= 2) {
    for (unsigned step = size / 2; step > 0; step /= 2) {
      __syncthreads();
      for (unsigned pair = threadIdx.x; pair < count / 2; pair += blockDim.x) {
        const unsigned low = 2 * pair - (pair & (step - 1));
        const std::uint64_t first = keys[low];
        const std::uint64_t second = keys[low + step];
        if ((first < second) != ((low & size) == 0)) continue;
        keys[low] = second;
        keys[low + step] = first;
      }
    }
  }
  __syncthreads();
}

/// A block for each slice of rows and each query. A product is summed by 32 lanes, each taking every 32nd column from
/// left to right, then over the lanes: the same bits for any slice, query and k. Grid: (slices, queries).
template <class T>
static __global__ void __launch_bounds__(T::threads) slice_nearest_kernel(Nearest a) {
  __shared__ std::uint64_t keys[T::slice];
  const unsigned lane = threadIdx.x % warp_size;
  const View<const float> query = a.queries.row(blockIdx.y);
  for (unsigned i = threadIdx.x / warp_size; i < T::slice; i += T::warps) {
    const std::size_t row = std::size_t{blockIdx.x} * T::slice + i;
    const bool counts =
        row < a.rows.rows && (a.allowed.size == 0 || (a.allowed[row / 64] >> (row % 64) & 1U) != 0);
    std::uint64_t key = 0;
    if (counts) {
      float sum = 0;
      for (std::size_t c = lane; c < query.size; c += warp_size) sum = fmaf(a.rows(row, c), query[c], sum);
      key = rank_key(a.ids[row], warp_sum(sum));
    }
    if (lane == 0) keys[i] = key;
  }
  sort_keys<T::slice>(keys);
  const std::size_t k = a.out.cols;
  for (std::size_t i = threadIdx.x; i < k; i += T::threads) a.partial(blockIdx.y, blockIdx.x * k + i) = keys[i];
}

/// A block for each query. Grid: (1, queries).
template <class T>
static __global__ void __launch_bounds__(T::threads) merge_nearest_kernel(Nearest a) {
  __shared__ std::uint64_t keys[2 * T::slice];  // the best so far, and what comes
  const View<const std::uint64_t> all = View<const std::uint64_t>(a.partial.row(blockIdx.y));
  for (unsigned i = threadIdx.x; i < T::slice; i += T::threads) keys[i] = 0;
  for (std::size_t first = 0; first < all.size; first += T::slice) {
    for (unsigned i = threadIdx.x; i < T::slice; i += T::threads) {
      keys[T::slice + i] = first + i < all.size ? all[first + i] : 0;
    }
    sort_keys<2 * T::slice>(keys);
  }
  for (std::size_t i = threadIdx.x; i < a.out.cols; i += T::threads) a.out(blockIdx.y, i) = ranked_of(keys[i]);
}

inline void launch_nearest(const Queue& queue, const Nearest& nearest) {
  using T = NearestTuning;
  const std::size_t queries = nearest.queries.rows;
  launch_kernel(queue, "slice_nearest", slice_nearest_kernel<T>, Nearest::slices(nearest.rows.rows), queries,
                T::threads, nearest);
  launch_kernel(queue, "merge_nearest", merge_nearest_kernel<T>, 1, queries, T::threads, nearest);
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
