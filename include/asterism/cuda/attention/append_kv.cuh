// Storing keys and values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

#include "asterism/core/view.hpp"
#include "asterism/cuda/attention/stored_kv.hpp"
#include "asterism/cuda/block.cuh"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

/// Calls `f.template operator()<storage>()` with the cache's storage.
template <class F>
void with_storage(KvStorage storage, F&& f) {
  switch (storage) {
    case KvStorage::float32:
      return f.template operator()<KvStorage::float32>();
    case KvStorage::float16:
      return f.template operator()<KvStorage::float16>();
    case KvStorage::int8:
      return f.template operator()<KvStorage::int8>();
  }
}

struct AppendKvTuning {
  static constexpr unsigned threads = 128;
};

/// One block per row and head; its threads take groups. Sets *out_of_range if a value does not fit.
template <class T, KvStorage storage>
static __global__ void __launch_bounds__(T::threads)
    append_kv_kernel(MatrixView<const float> keys, MatrixView<const float> values, std::size_t first, StoredKv kv,
                     std::uint32_t* out_of_range) {
  const std::size_t head = blockIdx.y;
  const std::size_t to = kv.offset(head, first + blockIdx.x);
  const float* key = keys.row(blockIdx.x).data + head * kv.head_dim;
  const float* value = values.row(blockIdx.x).data + head * kv.head_dim;
  for (std::size_t g = threadIdx.x; g * static_cast<std::size_t>(kv.group) < kv.head_dim; g += T::threads) {
    const bool key_fits = store_kv_group<storage>(kv, key, g, kv.keys + to);
    const bool value_fits = store_kv_group<storage>(kv, value, g, kv.values + to);
    if (!key_fits || !value_fits) *out_of_range = 1;
  }
}

inline void launch_append_kv(const Queue& queue, MatrixView<const float> keys, MatrixView<const float> values,
                             std::size_t first, const StoredKv& kv) {
  using T = AppendKvTuning;
  with_storage(kv.storage, [&]<KvStorage storage>() {
    launch_kernel(queue, "append_kv", append_kv_kernel<T, storage>, keys.rows, kv.kv_heads, T::threads, keys,
                  values, first, kv, queue.out_of_range());
  });
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
