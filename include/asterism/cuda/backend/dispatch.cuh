// Dispatch and combination: sorts rows by expert, copies them, and adds up the experts' answers.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

#include "asterism/backend/groups.hpp"
#include "asterism/core/view.hpp"
#include "asterism/cuda/block.cuh"
#include "asterism/gating/concept.hpp"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

struct GroupTuning {
  static constexpr unsigned threads = 256;
};

/// One block. A thread counts the rows of its experts and then assigns their slots, both in order of row: a stable
/// sort without atomics, which reads the routes, some thousand at most, twice per expert. A device-wide radix sort
/// would need temporary memory and five launches.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    group_kernel(MatrixView<const gating::Route> routes, backend::ExpertGroups groups) {
  const std::size_t experts = groups.experts();
  for (std::size_t e = threadIdx.x; e < experts; e += T::threads) {
    std::int32_t count = 0;
    for (std::size_t i = 0; i < routes.rows; ++i) {
      for (std::size_t j = 0; j < routes.cols; ++j) {
        if (routes(i, j).expert == static_cast<std::int32_t>(e)) ++count;
      }
    }
    groups.offsets[e + 1] = count;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    groups.offsets[0] = 0;
    for (std::size_t e = 0; e < experts; ++e) groups.offsets[e + 1] += groups.offsets[e];
  }
  __syncthreads();
  for (std::size_t e = threadIdx.x; e < experts; e += T::threads) {
    std::int32_t slot = groups.offsets[e];
    for (std::size_t i = 0; i < routes.rows; ++i) {
      for (std::size_t j = 0; j < routes.cols; ++j) {
        if (routes(i, j).expert != static_cast<std::int32_t>(e)) continue;
        groups.source_row[static_cast<std::size_t>(slot)] = static_cast<std::int32_t>(i);
        groups.slot_of_choice[i * routes.cols + j] = slot;
        ++slot;
      }
    }
  }
}

struct RowsTuning {
  static constexpr unsigned threads = 256;
};

/// One block per slot.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    gather_kernel(View<const std::int32_t> rows, MatrixView<const float> x, MatrixView<float> out) {
  const auto row = static_cast<std::size_t>(rows[blockIdx.x]);
  for (std::size_t c = threadIdx.x; c < out.cols; c += T::threads) out(blockIdx.x, c) = x(row, c);
}

/// One block per row.
template <class T>
static __global__ void __launch_bounds__(T::threads)
    combine_kernel(View<const std::int32_t> slots, MatrixView<const gating::Route> routes,
                   MatrixView<const float> y, MatrixView<float> x) {
  const View<const gating::Route> choices = routes.row(blockIdx.x);
  std::int32_t last = -1;
  for (std::size_t done = 0; done < choices.size; ++done) {
    const std::size_t next = backend::next_by_expert(choices, last);
    last = choices[next].expert;
    const auto slot = static_cast<std::size_t>(slots[blockIdx.x * choices.size + next]);
    for (std::size_t c = threadIdx.x; c < x.cols; c += T::threads) {
      x(blockIdx.x, c) = fmaf(choices[next].weight, y(slot, c), x(blockIdx.x, c));
    }
  }
}

inline void launch_group(const Queue& queue, MatrixView<const gating::Route> routes,
                         const backend::ExpertGroups& groups) {
  using T = GroupTuning;
  launch_kernel(queue, "group", group_kernel<T>, 1, 1, T::threads, routes, groups);
}

inline void launch_gather(const Queue& queue, const backend::ExpertGroups& groups, MatrixView<const float> x,
                          MatrixView<float> out) {
  using T = RowsTuning;
  launch_kernel(queue, "gather", gather_kernel<T>, out.rows, 1, T::threads,
                View<const std::int32_t>(groups.source_row), x, out);
}

inline void launch_combine(const Queue& queue, const backend::ExpertGroups& groups,
                           MatrixView<const gating::Route> routes, MatrixView<const float> y,
                           MatrixView<float> x) {
  using T = RowsTuning;
  launch_kernel(queue, "combine", combine_kernel<T>, x.rows, 1, T::threads,
                View<const std::int32_t>(groups.slot_of_choice), routes, y, x);
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
