// What adapters add to products.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

#include "asterism/backend/low_rank.hpp"
#include "asterism/core/view.hpp"
#include "asterism/cuda/block.cuh"
#include "asterism/cuda/launchers.hpp"
#include "asterism/cuda/quant/decode.hpp"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

struct LowRankTuning {
  static constexpr unsigned threads = 256;
};

/// One block a row of y, whose threads take every T::threads-th output, columns in their order. Without offsets all
/// rows are those of the one matrix.
template <class T, Storage storage>
static __global__ void __launch_bounds__(T::threads)
    low_rank_kernel(StoredMatrix like, ScaledExperts b, const std::int32_t* offsets, const std::int32_t* source_row,
                    backend::RowRange rows, MatrixView<const float> inner, MatrixView<float> y) {
  const std::size_t row = blockIdx.x;
  if (source_row != nullptr && !rows.contains(static_cast<std::size_t>(source_row[row]))) return;
  std::size_t expert = 0;
  if (offsets != nullptr) {
    const auto slot = static_cast<std::int32_t>(row);
    if (slot < offsets[b.experts.first] || slot >= offsets[b.experts.first + b.experts.count]) return;
    while (offsets[b.experts.first + expert + 1] <= slot) ++expert;
  }
  StoredMatrix columns = like;
  columns.data = b.experts.data[expert];
  if (columns.data == nullptr) return;
  for (std::size_t c = threadIdx.x; c < y.cols; c += T::threads) {
    float sum = y(row, c);
    for (std::size_t r = 0; r < inner.cols; ++r) {
      sum += b.scale[expert] * inner(row, r) * decoded<storage>(columns, Nf4Tables{}, r * columns.cols + c);
    }
    y(row, c) = sum;
  }
}

inline void launch_low_rank(const Queue& queue, const StoredMatrix& like, const ScaledExperts& b,
                            const std::int32_t* offsets, const std::int32_t* source_row, backend::RowRange rows,
                            MatrixView<const float> inner, MatrixView<float> y) {
  using T = LowRankTuning;
  const auto run = [&](auto kernel) {
    launch_kernel(queue, "add_low_rank", kernel, y.rows, 1, T::threads, like, b, offsets, source_row, rows, inner,
                  y);
  };
  switch (like.storage) {
    case Storage::bfloat16: return run(low_rank_kernel<T, Storage::bfloat16>);
    case Storage::float16: return run(low_rank_kernel<T, Storage::float16>);
    default: return run(low_rank_kernel<T, Storage::float32>);
  }
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
