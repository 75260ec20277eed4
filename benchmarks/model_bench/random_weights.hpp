// Fills a network with random weights, through the formats' own encoders and on all cores.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/shape/shape.hpp"

namespace model_bench {

/// One matrix as a source for encoders: each element is one of `normals` (65536 values), chosen by 16 bits of a hash
/// of matrix and index. That is much faster than drawing normal values anew, and no two matrices are alike.
struct RandomWeights {
  const float* normals;
  std::uint64_t key;
  float deviation;

  void operator()(std::uint64_t first, asterism::View<float> out) const {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < out.size; ++i) {
      const std::uint64_t element = first + i;
      if (i == 0 || element % 4 == 0) bits = asterism::Random(key + element / 4)() >> (16 * (element % 4));
      out[i] = deviation * normals[bits & 0xFFFFU];
      bits >>= 16U;
    }
  }
};

/// The deviation of a matrix's weights: 1 for the embedding, else one over the root of the columns, and for what is
/// added to the residual stream that over the root of the summands, as GPT-2 begins. So activations stay of the
/// order of 1, scores of a router spread by 1, and a token's own embedding decides where it goes in deep layers too.
inline float deviation_of(asterism::model::Role role, std::uint64_t cols, const asterism::Shape& shape) {
  using asterism::model::Role;
  if (role == Role::embedding) return 1;
  const bool is_summand = role == Role::output || role == Role::linear_output || role == Role::down ||
                          role == Role::shared_down || role == Role::dense_down;
  const float summands = is_summand ? 2 * static_cast<float>(shape.layers) : 1;
  return 1 / std::sqrt(static_cast<float>(cols) * summands);
}

template <class Network>
void fill_randomly(const Network& network, std::uint64_t seed, asterism::ProgressSink& progress) {
  using namespace asterism;
  Random random(seed);
  std::vector<float> normals(1U << 16U);
  for (float& value : normals) value = static_cast<float>(random.normal());
  std::vector<model::WeightId> ids;
  model::for_each_weight_id(network.shape(), network.has_own_head(),
                            [&](const model::WeightId& id) { ids.push_back(id); });

  std::mutex mutex;
  std::size_t done = 0;
  progress.begin("building", ids.size(), ProgressUnit::items);
  parallel::Threads threads;
  threads.for_each_task(ids.size(), [&](std::size_t i) {
    model::visit_weight(network, ids[i], [&]<class Weights>(const Weights& weights) {
      if constexpr (requires { weights.view; }) {
        // Norms are 1, biases 0; the last inputs of a convolution count half each, decays are exp(-softplus(0) / 8).
        using model::Role;
        const Role role = ids[i].role;
        const bool is_bias = role == Role::query_bias || role == Role::key_bias || role == Role::value_bias ||
                             role == Role::output_bias || role == Role::linear_decay_bias;
        const float all = is_bias                            ? 0.0F
                          : role == Role::linear_convolution ? 0.5F
                          : role == Role::linear_decay_rate  ? -0.125F
                                                             : 1.0F;
        for (std::size_t row = 0; row < weights.rows(); ++row) {
          for (float& value : weights.view.row(row)) value = all;
        }
      } else {
        const RandomWeights source{.normals = normals.data(),
                                   .key = Random(seed + i)(),
                                   .deviation = deviation_of(ids[i].role, weights.cols, network.shape())};
        Weights::Format::encode(source, weights.rows, weights.cols, weights.data);
        quant::to_kernel_order<typename Weights::Format>(weights.data, weights.rows, weights.cols);
      }
    });
    const std::lock_guard lock(mutex);
    progress.advance(++done, ids[i].layer < 0 ? "" : concat("layer ", ids[i].layer));
  });
  progress.end();
}

}  // namespace model_bench
