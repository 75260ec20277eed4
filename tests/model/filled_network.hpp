// A network with random weights, for tests of what runs on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/kernel_order.hpp"
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

/// All that a layer may have: biases, norms of queries and keys, shares of experts as they are; the middle layer is
/// dense.
inline constexpr Shape mixed_shape = [] {
  Shape shape = small_shape;
  shape.architecture = Architecture::qwen3_moe;
  shape.layers = 3;
  shape.attention_bias = true;
  shape.qk_norm = true;
  shape.normalised_top_k = false;
  shape.dense_layers.insert(1);
  shape.dense_ffn = 56;
  return shape;
}();

/// Layers that are all dense.
inline constexpr Shape dense_shape = [] {
  Shape shape = small_shape;
  shape.architecture = Architecture::llama;
  shape.dense_layers = LayerSet::range(0, shape.layers);
  shape.dense_ffn = 56;
  shape.ffn = shape.experts = shape.top_k = 0;
  shape.rope_scaling = {.factor = 8, .low_freq_factor = 1, .high_freq_factor = 4, .original_positions = 32};
  return shape;
}();

/// Linear attention in two of four layers, gated attention that rotates a part of each head in the others; experts
/// beside a shared one, but for one dense layer.
inline constexpr Shape hybrid_shape = [] {
  Shape shape = small_shape;
  shape.architecture = Architecture::qwen3_next;
  shape.layers = 4;
  shape.rotary_dim = 4;
  shape.attention_gate = true;
  shape.qk_norm = true;
  shape.linear_layers.insert(0);
  shape.linear_layers.insert(2);
  shape.delta_net = {.key_heads = 2, .value_heads = 4, .key_width = 6, .value_width = 10, .kernel = 4};
  shape.shared_ffn = 28;
  shape.dense_layers.insert(1);
  shape.dense_ffn = 56;
  return shape;
}();

/// Overwrites one weight with values from `value(element)`.
template <class Weights, class Value>
void fill_weight(const Weights& weights, Value&& value) {
  if constexpr (requires { weights.view; }) {
    for (std::size_t i = 0; i < weights.view.rows * weights.view.cols; ++i) weights.view.data[i] = value(i);
  } else {
    std::vector<float> values(static_cast<std::size_t>(weights.rows * weights.cols));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(i);
    const quant::FloatWeights source{values};
    Weights::Format::encode(source, weights.rows, weights.cols, weights.data);
    quant::to_kernel_order<typename Weights::Format>(weights.data, weights.rows, weights.cols);
  }
}

/// Norms near 1, matrices of normal values that keep activations of the order of 1.
template <class Network>
void fill(const Network& network, std::uint64_t seed) {
  Random random(seed);
  model::for_each_weight(network, [&](const model::WeightId& id, const auto& weights) {
    const bool is_norm = model::info_of(network.shape().architecture, id.role).name.ends_with("norm.weight");
    const bool is_rate = id.role == model::Role::linear_decay_rate;
    fill_weight(weights, [&](std::size_t) {
      const auto normal = static_cast<float>(random.normal());
      if (is_rate) return -0.1F - normal * normal;
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

/// A sequence on a network: its caches, who hears of it, and how far it has come.
template <class B, class Observer = typename B::Observer>
struct Conversation {
  typename model::Assembly<B>::Caches caches;
  Observer observer{};
  std::size_t computed = 0;

  explicit Conversation(const EmptyNetwork<B>& on, const Limits& limits = B::limits)
      : caches(on.devices, on.plan, on.network.shape(), limits) {}
};

/// Tokens of one sequence in a pass.
template <class B, class Observer = typename B::Observer>
struct Turn {
  Conversation<B, Observer>* of;
  std::vector<TokenId> tokens;
};

template <class B>
typename model::Assembly<B>::Workspace workspace_on(const EmptyNetwork<B>& on, const Limits& limits = B::limits) {
  return {on.devices, on.plan, on.network.shape(), limits};
}

/// One pass over the tokens of all turns. False where it was cancelled: no sequence has moved on then.
template <class B, class Observer>
bool pass(const EmptyNetwork<B>& on, const typename model::Assembly<B>::Workspace& workspace,
          const std::vector<Turn<B, Observer>>& turns, const std::stop_token& cancel = {}) {
  using Segment = model::Segment<typename B::KvCache, typename B::State, Observer>;
  std::vector<Segment> segments;
  std::vector<TokenId> tokens;
  for (const Turn<B, Observer>& turn : turns) {
    segments.push_back({&turn.of->caches, &turn.of->observer, turn.of->computed, turn.tokens.size()});
    tokens.insert(tokens.end(), turn.tokens.begin(), turn.tokens.end());
  }
  if (!on.network.forward(on.devices, workspace, View<const Segment>(segments), tokens, cancel)) return false;
  for (const Turn<B, Observer>& turn : turns) {
    turn.of->computed += turn.tokens.size();
    turn.of->caches.advance(turn.of->computed);
  }
  return true;
}

/// Logits (count, vocabulary) of rows of the last pass.
template <class B, class Observer>
std::vector<float> logits_of(const EmptyNetwork<B>& on, const typename model::Assembly<B>::Workspace& workspace,
                             std::size_t first_row, std::size_t count, Observer& observer) {
  const auto found = on.network.logits(on.devices, workspace, first_row, count, observer);
  CHECK(found.device == on.plan.head_device());
  CHECK(found.rows() == count);
  CHECK(found.cols() == static_cast<std::size_t>(on.network.shape().vocabulary));
  std::vector<float> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.insert(all.end(), found.view.row(i).begin(), found.view.row(i).end());
  }
  return all;
}

}  // namespace asterism::test
