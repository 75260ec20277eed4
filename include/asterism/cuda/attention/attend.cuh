// Causal attention over a key/value cache.
#pragma once

#include <cmath>
#include <cstddef>
#include <cuda_runtime.h>

#include "asterism/backend/attention_span.hpp"
#include "asterism/core/view.hpp"
#include "asterism/cuda/attention/append_kv.cuh"
#include "asterism/cuda/attention/online_softmax.hpp"
#include "asterism/cuda/attention/stored_kv.hpp"
#include "asterism/cuda/block.cuh"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

struct AttendTuning {
  static constexpr unsigned threads = 128;
  static constexpr std::size_t positions = 64;  ///< per piece: their scores are in shared memory
};

/// One block per row and query head. Pieces of positions begin at the first visible one, so a row's result depends
/// only on the row. The running sum of the values is kept in `out`.
template <class T, KvStorage storage>
static __global__ void __launch_bounds__(T::threads)
    attend_kernel(MatrixView<const float> queries, StoredKv kv, std::size_t first, std::size_t window,
                  MatrixView<float> out) {
  __shared__ float scores[T::positions];
  const unsigned lane = threadIdx.x % warp_size;
  const std::size_t head = blockIdx.y;
  const std::size_t kv_head = head / (gridDim.y / kv.kv_heads);
  const float* query = queries.row(blockIdx.x).data + head * kv.head_dim;
  float* sum = out.row(blockIdx.x).data + head * kv.head_dim;
  const backend::AttentionSpan visible =
      backend::visible_positions(first + blockIdx.x, kv.sinks, kv.window, window);
  const float scale = 1.0F / sqrtf(static_cast<float>(kv.head_dim));
  OnlineSoftmax softmax;
  for (std::size_t d = threadIdx.x; d < kv.head_dim; d += T::threads) sum[d] = 0;
  for (std::size_t begin = 0; begin < visible.count(); begin += T::positions) {
    const std::size_t count = visible.count() - begin < T::positions ? visible.count() - begin : T::positions;
    for (std::size_t i = threadIdx.x / warp_size; i < count; i += T::threads / warp_size) {
      const std::byte* key = kv.keys + kv.offset(kv_head, visible[begin + i]);
      float dot = 0;
      for (std::size_t d = lane; d < kv.head_dim; d += warp_size)
        dot = fmaf(query[d], kv_value<storage>(kv, key, d), dot);
      dot = warp_sum(dot);
      if (lane == 0) scores[i] = scale * dot;
    }
    __syncthreads();
    const float shrink = softmax.raise(largest_of(scores, count));  // computed by every thread: the same bits
    __syncthreads();
    for (std::size_t i = threadIdx.x; i < count; i += T::threads) scores[i] = expf(scores[i] - softmax.maximum);
    __syncthreads();
    for (std::size_t i = 0; i < count; ++i) softmax.total += scores[i];
    for (std::size_t d = threadIdx.x; d < kv.head_dim; d += T::threads) {
      float mixed = sum[d] * shrink;
      for (std::size_t i = 0; i < count; ++i) {
        const std::byte* value = kv.values + kv.offset(kv_head, visible[begin + i]);
        mixed = fmaf(scores[i], kv_value<storage>(kv, value, d), mixed);
      }
      sum[d] = mixed;
    }
    __syncthreads();
  }
  for (std::size_t d = threadIdx.x; d < kv.head_dim; d += T::threads) sum[d] /= softmax.total;
}

inline void launch_attend(const Queue& queue, MatrixView<const float> queries, const StoredKv& kv,
                          std::size_t first, std::size_t window, MatrixView<float> out) {
  using T = AttendTuning;
  with_storage(kv.storage, [&]<KvStorage storage>() {
    launch_kernel(queue, "attend", attend_kernel<T, storage>, queries.rows, queries.cols / kv.head_dim, T::threads,
                  queries, kv, first, window, out);
  });
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
