// A network with random weights, for tests of what runs on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/weight_source.hpp"

#include "generate/variants.hpp"

namespace asterism::test {

/// Two layers; no size is a multiple of another one's by chance.
inline constexpr Shape small_shape{.architecture = Architecture::mixtral,
                                   .vocabulary = 53,
                                   .hidden = 24,
                                   .layers = 2,
                                   .heads = 6,
                                   .kv_heads = 2,
                                   .head_dim = 8,
                                   .ffn = 40,
                                   .experts = 5,
                                   .top_k = 2,
                                   .max_positions = 64,
                                   .sliding_window = 0,
                                   .tied_head = false,
                                   .rope_theta = 1e4,
                                   .rms_epsilon = 1e-5};

/// Overwrites one weight with values from `value(element)`.
template <class Weights, class Value>
void fill_weight(const Weights& weights, Value&& value) {
  if constexpr (requires { weights.view; }) {
    for (std::size_t i = 0; i < weights.view.cols; ++i) weights.view(0, i) = value(i);
  } else {
    std::vector<float> values(static_cast<std::size_t>(weights.rows * weights.cols));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(i);
    const quant::FloatWeights source{values};
    Weights::Format::encode(source, weights.rows, weights.cols, weights.data);
  }
}

/// Norms near 1, matrices of normal values that keep activations of the order of 1.
template <class Network>
void fill(const Network& network, std::uint64_t seed) {
  Random random(seed);
  model::for_each_weight(network, [&](const model::WeightId&, const auto& weights) {
    constexpr bool is_norm = requires { weights.view; };
    fill_weight(weights, [&](std::size_t) {
      const auto normal = static_cast<float>(random.normal());
      return is_norm ? 1 + 0.2F * normal : 0.25F * normal;
    });
  });
}

template <class B>
struct FilledNetwork : EmptyNetwork<B> {
  FilledNetwork(const Shape& shape, const Machine& machine, const Limits& limits = B::limits)
      : EmptyNetwork<B>(shape, machine, limits) {
    fill(this->network, 7);
  }
};

}  // namespace asterism::test
