// gating::SoftmaxTopK.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

#include "asterism/core/view.hpp"
#include "asterism/cuda/block.cuh"
#include "asterism/cuda/gating/top_k.hpp"
#include "asterism/gating/concept.hpp"

#pragma GCC visibility push(hidden)
namespace asterism::cuda {

struct TopKTuning {
  static constexpr unsigned rows = 4;  ///< per block: one per warp
};

__device__ inline float warp_maximum(float value) {
  for (unsigned distance = warp_size / 2; distance > 0; distance /= 2) {
    value = fmaxf(value, __shfl_xor_sync(0xFFFFFFFFU, value, static_cast<int>(distance)));
  }
  return value;
}

__device__ inline Candidate warp_best(Candidate best) {
  for (unsigned distance = warp_size / 2; distance > 0; distance /= 2) {
    const Candidate other{__shfl_xor_sync(0xFFFFFFFFU, best.expert, static_cast<int>(distance)),
                          __shfl_xor_sync(0xFFFFFFFFU, best.probability, static_cast<int>(distance))};
    best = better(best, other);
  }
  return best;
}

/// One warp per row.
template <class T>
static __global__ void __launch_bounds__(T::rows* warp_size)
    softmax_top_k_kernel(MatrixView<float> logits, MatrixView<gating::Route> routes, bool normalised,
                         float temperature) {
  const unsigned lane = threadIdx.x % warp_size;
  const std::size_t row = std::size_t{blockIdx.x} * T::rows + threadIdx.x / warp_size;
  if (row >= logits.rows) return;
  const View<float> scores = logits.row(row);
  const View<gating::Route> chosen = routes.row(row);
  if (temperature != 1) {
    for (std::size_t e = lane; e < scores.size; e += warp_size) scores[e] /= temperature;
    __syncwarp();
  }
  float most = lane < scores.size ? scores[lane] : scores[0];
  for (std::size_t e = lane; e < scores.size; e += warp_size) most = fmaxf(most, scores[e]);
  most = warp_maximum(most);
  float sum = 0;
  for (std::size_t e = lane; e < scores.size; e += warp_size) {
    scores[e] = expf(scores[e] - most);
    sum += scores[e];
  }
  sum = warp_sum(sum);
  for (std::size_t e = lane; e < scores.size; e += warp_size) scores[e] /= sum;
  // best_of reads what other lanes wrote only in `chosen`, after a barrier of the warp.
  float total = 0;
  for (std::size_t k = 0; k < chosen.size; ++k) {
    Candidate best = warp_best(best_of(scores, lane, warp_size, chosen.subview(0, k)));
    best.probability = __shfl_sync(0xFFFFFFFFU, best.probability, 0);  // one choice for all, even among NaNs
    best.expert = __shfl_sync(0xFFFFFFFFU, best.expert, 0);
    if (lane == 0) chosen[k] = {.expert = best.expert, .weight = best.probability};
    total += best.probability;
    __syncwarp();
  }
  if (!normalised) return;
  for (std::size_t k = lane; k < chosen.size; k += warp_size) chosen[k].weight /= total;
}

inline void launch_softmax_top_k(const Queue& queue, MatrixView<float> logits, MatrixView<gating::Route> routes,
                                 bool normalised, float temperature) {
  using T = TopKTuning;
  launch_kernel(queue, "softmax_top_k", softmax_top_k_kernel<T>, blocks_for(logits.rows, T::rows), 1,
                T::rows * warp_size, logits, routes, normalised, temperature);
}

}  // namespace asterism::cuda
#pragma GCC visibility pop
