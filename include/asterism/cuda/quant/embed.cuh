// Gathers rows of a packed table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/cuda/block.cuh"
#include "asterism/cuda/quant/decode.hpp"
#include "asterism/cuda/quant/stored_matrix.hpp"
#include "asterism/cuda/quant/tables.cuh"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

struct EmbedTuning {
  static constexpr unsigned threads = 128;
  /// Ids per launch, passed by value, so that the host need not wait for a copy.
  static constexpr std::size_t ids = 512;
};

template <class T>
struct TokenIds {
  TokenId at[T::ids] = {};
};

/// One block per id.
template <class T, Storage storage>
static __global__ void __launch_bounds__(T::threads)
    embed_kernel(StoredMatrix table, TokenIds<T> ids, MatrixView<float> out) {
  __shared__ SharedTables<storage> shared;
  const Nf4Tables tables = load_tables<storage>(shared);
  const std::uint64_t row = static_cast<std::uint64_t>(ids.at[blockIdx.x]) * table.cols;
  for (std::size_t c = threadIdx.x; c < out.cols; c += T::threads) {
    out(blockIdx.x, c) = decoded<storage>(table, tables, row + c);
  }
}

inline void launch_embed(const Queue& queue, const StoredMatrix& table, View<const TokenId> ids,
                         MatrixView<float> out) {
  using T = EmbedTuning;
  with_storage(table.storage, [&]<Storage storage>() {
    for (std::size_t first = 0; first < ids.size; first += T::ids) {
      const std::size_t count = ids.size - first < T::ids ? ids.size - first : T::ids;
      TokenIds<T> some;
      for (std::size_t i = 0; i < count; ++i) some.at[i] = ids[first + i];
      launch_kernel(queue, "embed", embed_kernel<T, storage>, count, 1, T::threads, table, some,
                    out.rows_at(first, count));
    }
  });
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
