// Every weight of a network by its part in it, for loading, saving and counting.
#pragma once

#include <cstddef>
#include <cstdint>

namespace asterism::model {

/// What a weight does in a decoder.
enum class Role : std::uint8_t {
  embedding,
  attention_norm,
  query,
  key,
  value,
  output,
  expert_norm,
  router,
  gate,
  up,
  down,
  final_norm,
  head
};

/// One weight of a decoder; layer and expert are -1 where the role has none.
struct WeightId {
  Role role = Role::embedding;
  std::int32_t layer = -1;
  std::int32_t expert = -1;

  friend constexpr bool operator==(const WeightId&, const WeightId&) = default;
};

/// Calls f(id, weights) for every weight of a Mixtral network, layer by layer: weights is a DeviceWeights where it
/// is a matrix in a format, a DeviceMatrix<float> (1, hidden) where it is a norm. A head that shares the
/// embedding's matrix is left out; one that is a copy of it is not.
template <class Network, class F>
void for_each_weight(const Network& network, F&& f) {
  f(WeightId{Role::embedding}, network.embedding());
  for (std::int32_t layer = 0; layer < network.shape().layers; ++layer) {
    const auto& block = network.blocks()[static_cast<std::size_t>(layer)];
    f(WeightId{Role::attention_norm, layer}, block.norms().attention);
    f(WeightId{Role::query, layer}, block.attention().slab().query);
    f(WeightId{Role::key, layer}, block.attention().slab().key);
    f(WeightId{Role::value, layer}, block.attention().slab().value);
    f(WeightId{Role::output, layer}, block.attention().slab().output);
    f(WeightId{Role::expert_norm, layer}, block.norms().experts);
    f(WeightId{Role::router, layer}, block.constellation().router());
    for (std::int32_t expert = 0; expert < network.shape().experts; ++expert) {
      const auto& slab = block.constellation().expert(static_cast<std::size_t>(expert));
      f(WeightId{Role::gate, layer, expert}, slab.gate);
      f(WeightId{Role::up, layer, expert}, slab.up);
      f(WeightId{Role::down, layer, expert}, slab.down);
    }
  }
  f(WeightId{Role::final_norm}, network.final_norm());
  if (network.has_own_head()) f(WeightId{Role::head}, network.head());
}

}  // namespace asterism::model
