// Products on packed weights: one matrix with all rows, or the matrix of each expert with the rows of its group.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

#include "asterism/backend/groups.hpp"
#include "asterism/core/view.hpp"
#include "asterism/cuda/block.cuh"
#include "asterism/cuda/launchers.hpp"
#include "asterism/cuda/quant/decode.hpp"
#include "asterism/cuda/quant/stored_matrix.hpp"
#include "asterism/cuda/quant/tables.cuh"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

/// Tunings for few rows and for many. A warp computes one output of a block, for `rows` rows at a time.
struct FewRows {
  static constexpr unsigned warps = 4;
  static constexpr std::size_t rows = 1;
};
struct ManyRows : FewRows {
  static constexpr std::size_t rows = 8;
  static constexpr std::size_t from = 4;  ///< minimum number of rows that count as many
};

struct ProductArguments {
  StoredMatrix like;  ///< of all experts
  Experts experts;
  const std::int32_t* offsets;  ///< first row of each expert; nullptr: all rows, one matrix
  MatrixView<const float> x;
  MatrixView<float> y;
};

/// y(r, o) is summed by 32 lanes, each taking every 32nd piece of 8 columns from left to right, then over the
/// lanes. So a result depends neither on the other rows nor on the tuning. Grid: (outputs / warps, experts).
template <class T, Storage storage>
static __global__ void __launch_bounds__(T::warps* warp_size) product_kernel(ProductArguments a) {
  __shared__ SharedTables<storage> shared;
  const Nf4Tables tables = load_tables<storage>(shared);
  const unsigned lane = threadIdx.x % warp_size;
  const std::uint64_t output = std::uint64_t{blockIdx.x} * T::warps + threadIdx.x / warp_size;
  if (output >= a.like.rows) return;
  StoredMatrix matrix = a.like;
  matrix.data = a.experts.data[blockIdx.y];
  if (matrix.data == nullptr) return;  // its rows are another launch's
  const std::size_t expert = a.experts.first + blockIdx.y;
  const std::size_t begin = a.offsets == nullptr ? 0 : static_cast<std::size_t>(a.offsets[expert]);
  const std::size_t end = a.offsets == nullptr ? a.x.rows : static_cast<std::size_t>(a.offsets[expert + 1]);
  const std::size_t cols = a.x.cols;
  for (std::size_t row = begin; row < end; row += T::rows) {
    float sums[T::rows] = {};
    for (std::size_t c = std::size_t{lane} * piece; c < cols; c += std::size_t{warp_size} * piece) {
      const int count = cols - c < piece ? static_cast<int>(cols - c) : piece;
      float weights[piece];
      decode_piece<storage>(matrix, tables, output * cols + c, count, weights);
#pragma unroll
      for (std::size_t r = 0; r < T::rows; ++r) {
        if (row + r >= end) break;
        const float* x = a.x.data + (row + r) * a.x.stride + c;
#pragma unroll
        for (int i = 0; i < piece; ++i) {
          if (i < count) sums[r] = fmaf(weights[i], x[i], sums[r]);
        }
      }
    }
#pragma unroll
    for (std::size_t r = 0; r < T::rows; ++r) {
      const float sum = warp_sum(sums[r]);
      if (lane == 0 && row + r < end) a.y(row + r, output) = sum;
    }
  }
}

inline void launch_product(const Queue& queue, const char* name, const ProductArguments& arguments) {
  with_storage(arguments.like.storage, [&]<Storage storage>() {
    const auto run = [&]<class T>() {
      launch_kernel(queue, name, product_kernel<T, storage>, blocks_for(arguments.like.rows, T::warps),
                    arguments.experts.count, T::warps * warp_size, arguments);
    };
    if (arguments.x.rows >= ManyRows::from) return run.template operator()<ManyRows>();
    run.template operator()<FewRows>();
  });
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
