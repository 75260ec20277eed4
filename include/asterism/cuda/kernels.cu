// The only source of asterism::cuda: the functions declared by launchers.hpp and queue.hpp, and all kernels.
#include "asterism/cuda/attention/append_kv.cuh"
#include "asterism/cuda/attention/attend.cuh"
#include "asterism/cuda/backend/dispatch.cuh"
#include "asterism/cuda/backend/low_rank.cuh"
#include "asterism/cuda/backend/recurrent.cuh"
#include "asterism/cuda/gating/top_k.cuh"
#include "asterism/cuda/knowledge/nearest.cuh"
#include "asterism/cuda/launchers.hpp"
#include "asterism/cuda/linalg/elementwise.cuh"
#include "asterism/cuda/linalg/rms_norm.cuh"
#include "asterism/cuda/quant/embed.cuh"
#include "asterism/cuda/queue.cuh"
#include "asterism/cuda/simd/product.cuh"

namespace asterism::cuda::launch {

void embed(Queue& queue, const StoredMatrix& table, View<const TokenId> ids, MatrixView<float> out) {
  launch_embed(queue, table, ids, out);
}

void rms_norm(Queue& queue, MatrixView<const float> x, View<const float> weight, float epsilon,
              MatrixView<float> y) {
  launch_rms_norm(queue, x, weight, epsilon, y);
}

void product(Queue& queue, const StoredMatrix& weights, MatrixView<const float> x, MatrixView<float> y) {
  Experts one;
  one.data[0] = weights.data;
  one.count = 1;
  launch_product(queue, "product", {.like = weights, .experts = one, .offsets = nullptr, .x = x, .y = y});
}

void grouped_product(Queue& queue, const StoredMatrix& like, const Experts& experts,
                     const backend::ExpertGroups& groups, MatrixView<const float> x, MatrixView<float> y) {
  launch_product(queue, "grouped_product",
                 {.like = like, .experts = experts, .offsets = groups.offsets.data, .x = x, .y = y});
}

void add(Queue& queue, MatrixView<const float> y, MatrixView<float> x) { launch_add(queue, y, x); }

void add_low_rank(Queue& queue, const StoredMatrix& like, const ScaledExperts& b, const std::int32_t* offsets,
                  const std::int32_t* source_row, backend::RowRange rows, MatrixView<const float> inner,
                  MatrixView<float> y) {
  launch_low_rank(queue, like, b, offsets, source_row, rows, inner, y);
}

void relu(Queue& queue, MatrixView<const float> x, MatrixView<float> y) { launch_relu(queue, x, y); }

void silu_multiply(Queue& queue, MatrixView<const float> gate, MatrixView<const float> up, MatrixView<float> out) {
  launch_silu_multiply(queue, gate, up, out);
}

void rotary_tables(Queue& queue, std::int32_t first, const linalg::Rope& rope, MatrixView<float> tables) {
  launch_rotary_tables(queue, first, rope, tables);
}

void sigmoid_multiply(Queue& queue, MatrixView<const float> gate, MatrixView<float> x) {
  launch_sigmoid_multiply(queue, gate, x);
}
void split(Queue& queue, MatrixView<const float> x, std::size_t width, MatrixView<float> first,
           MatrixView<float> second) {
  launch_split(queue, x, width, first, second);
}
void rotate(Queue& queue, MatrixView<const float> tables, std::size_t head_dim, MatrixView<float> x) {
  launch_rotate(queue, tables, head_dim, x);
}

void append_kv(Queue& queue, MatrixView<const float> keys, MatrixView<const float> values, std::size_t first,
               const StoredKv& kv) {
  launch_append_kv(queue, keys, values, first, kv);
}

void attend(Queue& queue, MatrixView<const float> queries, const StoredKv& kv, std::size_t first,
            std::size_t window, MatrixView<float> out) {
  launch_attend(queue, queries, kv, first, window, out);
}

void softmax_top_k(Queue& queue, MatrixView<float> logits, MatrixView<gating::Route> routes, bool normalised,
                   float temperature) {
  launch_softmax_top_k(queue, logits, routes, normalised, temperature);
}

void group(Queue& queue, MatrixView<const gating::Route> routes, const backend::ExpertGroups& groups) {
  launch_group(queue, routes, groups);
}

void gather(Queue& queue, const backend::ExpertGroups& groups, MatrixView<const float> x, MatrixView<float> out) {
  launch_gather(queue, groups, x, out);
}

void combine(Queue& queue, const backend::ExpertGroups& groups, MatrixView<const gating::Route> routes,
             MatrixView<const float> y, MatrixView<float> x) {
  launch_combine(queue, groups, routes, y, x);
}

void causal_convolution(Queue& queue, MatrixView<const float> x, MatrixView<const float> weights,
                        MatrixView<const float> before, MatrixView<float> after, MatrixView<float> y) {
  launch_causal_convolution(queue, x, weights, before, after, y);
}

void delta_gates(Queue& queue, const backend::DeltaHeads& heads, MatrixView<const float> ba, View<const float> rate,
                 View<const float> dt_bias, MatrixView<float> decay, MatrixView<float> beta) {
  launch_delta_gates(queue, heads, ba, rate, dt_bias, decay, beta);
}

void delta_rule(Queue& queue, const backend::DeltaHeads& heads, MatrixView<const float> qkv,
                MatrixView<const float> decay, MatrixView<const float> beta, MatrixView<const float> before,
                MatrixView<float> after, MatrixView<float> out) {
  launch_delta_rule(queue, heads, qkv, decay, beta, before, after, out);
}

void gated_rms_norm(Queue& queue, MatrixView<const float> x, View<const float> weight, float epsilon,
                    MatrixView<const float> z, MatrixView<float> y) {
  launch_gated_rms_norm(queue, x, weight, epsilon, z, y);
}

void nearest(Queue& queue, const Nearest& nearest) { launch_nearest(queue, nearest); }

}  // namespace asterism::cuda::launch
