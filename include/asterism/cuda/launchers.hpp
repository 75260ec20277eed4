// The operations of cuda::Backend as non-template functions that queue kernels. Plain C++.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/delta_heads.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/low_rank.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/cuda/attention/stored_kv.hpp"
#include "asterism/cuda/knowledge/nearest.hpp"
#include "asterism/cuda/quant/stored_matrix.hpp"
#include "asterism/cuda/queue.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/linalg/rope.hpp"

namespace asterism::cuda {

/// The matrices of some experts, all of one shape, for one launch: passed to kernels by value.
struct Experts {
  static constexpr std::size_t most = 128;

  const std::byte* data[most] = {};
  std::size_t first = 0;  ///< the expert of data[0]
  std::size_t count = 0;
};

/// The columns of adapters' second matrices, and their scales.
struct ScaledExperts {
  Experts experts{};
  float scale[Experts::most] = {};
};

/// Defined in kernels.cu. Every program and every shared library with that source has its own copy, with kernels
/// for its own architectures: hence hidden. Views are of memory of the queue's GPU, except ids. Nothing is checked
/// here: cuda::Backend does that, and documents them. They throw CudaError if a launch fails.
#pragma GCC visibility push(hidden)
namespace launch {

void embed(Queue& queue, const StoredMatrix& table, View<const TokenId> ids, MatrixView<float> out);
void rms_norm(Queue& queue, MatrixView<const float> x, View<const float> weight, float epsilon,
              MatrixView<float> y);
void product(Queue& queue, const StoredMatrix& weights, MatrixView<const float> x, MatrixView<float> y);
/// `like`: shape and format of all experts' matrices; its data is not read.
void grouped_product(Queue& queue, const StoredMatrix& like, const Experts& experts,
                     const backend::ExpertGroups& groups, MatrixView<const float> x, MatrixView<float> y);
void add(Queue& queue, MatrixView<const float> y, MatrixView<float> x);
/// `like` as in grouped_product; offsets and source_row null: one matrix for all rows.
void add_low_rank(Queue& queue, const StoredMatrix& like, const ScaledExperts& b, const std::int32_t* offsets,
                  const std::int32_t* source_row, backend::RowRange rows, MatrixView<const float> inner,
                  MatrixView<float> y);
void silu_multiply(Queue& queue, MatrixView<const float> gate, MatrixView<const float> up, MatrixView<float> out);
void relu(Queue& queue, MatrixView<const float> x, MatrixView<float> y);
void rotary_tables(Queue& queue, std::int32_t first, const linalg::Rope& rope, MatrixView<float> tables);
void sigmoid_multiply(Queue& queue, MatrixView<const float> gate, MatrixView<float> x);
void split(Queue& queue, MatrixView<const float> x, std::size_t width, MatrixView<float> first,
           MatrixView<float> second);
void rotate(Queue& queue, MatrixView<const float> tables, std::size_t head_dim, MatrixView<float> x);
void append_kv(Queue& queue, MatrixView<const float> keys, MatrixView<const float> values, std::size_t first,
               const StoredKv& kv);
void attend(Queue& queue, MatrixView<const float> queries, const StoredKv& kv, std::size_t first,
            std::size_t window, MatrixView<float> out);
void softmax_top_k(Queue& queue, MatrixView<float> logits, MatrixView<gating::Route> routes, bool normalised,
                   float temperature);
void group(Queue& queue, MatrixView<const gating::Route> routes, const backend::ExpertGroups& groups);
void gather(Queue& queue, const backend::ExpertGroups& groups, MatrixView<const float> x, MatrixView<float> out);
void combine(Queue& queue, const backend::ExpertGroups& groups, MatrixView<const gating::Route> routes,
             MatrixView<const float> y, MatrixView<float> x);

void causal_convolution(Queue& queue, MatrixView<const float> x, MatrixView<const float> weights,
                        MatrixView<const float> before, MatrixView<float> after, MatrixView<float> y);
void delta_gates(Queue& queue, const backend::DeltaHeads& heads, MatrixView<const float> ba,
                 View<const float> rate, View<const float> dt_bias, MatrixView<float> decay,
                 MatrixView<float> beta);
void delta_rule(Queue& queue, const backend::DeltaHeads& heads, MatrixView<const float> qkv,
                MatrixView<const float> decay, MatrixView<const float> beta, MatrixView<const float> before,
                MatrixView<float> after, MatrixView<float> out);
void gated_rms_norm(Queue& queue, MatrixView<const float> x, View<const float> weight, float epsilon,
                    MatrixView<const float> z, MatrixView<float> y);

void nearest(Queue& queue, const Nearest& nearest);

}  // namespace launch
#pragma GCC visibility pop

}  // namespace asterism::cuda
