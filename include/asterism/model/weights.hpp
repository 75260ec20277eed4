// Every weight of a network by its part in it, for loading, saving and counting.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/model/architectures/mixtral.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// One weight of a decoder; layer and expert are -1 where the role has none.
struct WeightId {
  Role role = Role::embedding;
  std::int32_t layer = -1;
  std::int32_t expert = -1;

  friend constexpr bool operator==(const WeightId&, const WeightId&) = default;
};

/// The architectures that the toolkit knows.
inline constexpr ArchitectureInfo architectures[] = {mixtral};

static_assert(architectures[static_cast<std::size_t>(Architecture::mixtral)].architecture ==
              Architecture::mixtral);

constexpr const ArchitectureInfo& info_of(Architecture architecture) {
  return architectures[static_cast<std::size_t>(architecture)];
}

/// What the architecture's table says about the weights of a role that it has.
constexpr const WeightInfo& info_of(Architecture architecture, Role role) {
  const View<const WeightInfo> all = info_of(architecture).weights;
  std::size_t i = 0;
  while (all[i].role != role) ++i;
  return all[i];
}

/// Calls f(id) for every weight of a network of `shape`, layer by layer; for the head only if `with_head`.
template <class F>
void for_each_weight_id(const Shape& shape, bool with_head, F&& f) {
  const View<const WeightInfo> all = info_of(shape.architecture).weights;
  // Calls g for the weights of one scope from `next` on; returns the first of another scope.
  const auto each_of = [&](Scope scope, std::size_t next, auto&& g) {
    for (; next < all.size && all[next].scope == scope; ++next) g(all[next].role);
    return next;
  };
  std::size_t of_layers = each_of(Scope::model, 0, [&](Role role) { f(WeightId{role}); });
  std::size_t after = of_layers;
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    const std::size_t of_experts = each_of(Scope::layer, of_layers, [&](Role role) { f(WeightId{role, layer}); });
    for (std::int32_t expert = 0; expert < shape.experts; ++expert) {
      after = each_of(Scope::expert, of_experts, [&](Role role) { f(WeightId{role, layer, expert}); });
    }
  }
  each_of(Scope::model, after, [&](Role role) {
    if (role != Role::head || with_head) f(WeightId{role});
  });
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
