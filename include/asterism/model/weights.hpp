// Every weight of a network by its part in it, for loading, saving and counting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "asterism/shape/shape.hpp"

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

/// Calls f(id) for every weight of a Mixtral network, layer by layer; the head only where `with_head`.
template <class F>
void for_each_weight_id(const Shape& shape, bool with_head, F&& f) {
  f(WeightId{Role::embedding});
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    for (const Role role : {Role::attention_norm, Role::query, Role::key, Role::value, Role::output,
                            Role::expert_norm, Role::router}) {
      f(WeightId{role, layer});
    }
    for (std::int32_t expert = 0; expert < shape.experts; ++expert) {
      for (const Role role : {Role::gate, Role::up, Role::down}) f(WeightId{role, layer, expert});
    }
  }
  f(WeightId{Role::final_norm});
  if (with_head) f(WeightId{Role::head});
}

/// Calls f(weights) with the weight `id` of a network: a DeviceWeights where it is a matrix in a format, a
/// DeviceMatrix<float> (1, hidden) where it is a norm.
template <class Network, class F>
void visit_weight(const Network& network, const WeightId& id, F&& f) {
  switch (id.role) {
    case Role::embedding:
      return f(network.embedding());
    case Role::final_norm:
      return f(network.final_norm());
    case Role::head:
      return f(network.head());
    default:
      break;
  }
  const auto& block = network.blocks()[static_cast<std::size_t>(id.layer)];
  switch (id.role) {
    case Role::attention_norm:
      return f(block.norms().attention);
    case Role::query:
      return f(block.attention().slab().query);
    case Role::key:
      return f(block.attention().slab().key);
    case Role::value:
      return f(block.attention().slab().value);
    case Role::output:
      return f(block.attention().slab().output);
    case Role::expert_norm:
      return f(block.norms().experts);
    case Role::router:
      return f(block.constellation().router());
    default:
      break;
  }
  const auto& slab = block.constellation().expert(static_cast<std::size_t>(id.expert));
  if (id.role == Role::gate) return f(slab.gate);
  if (id.role == Role::up) return f(slab.up);
  f(slab.down);
}

/// Calls f(id, weights) for every weight of a network. A head that shares the embedding's matrix is left out; one
/// that is a copy of it is not.
template <class Network, class F>
void for_each_weight(const Network& network, F&& f) {
  for_each_weight_id(network.shape(), network.has_own_head(), [&](const WeightId& id) {
    visit_weight(network, id, [&](const auto& weights) { f(id, weights); });
  });
}

}  // namespace asterism::model
