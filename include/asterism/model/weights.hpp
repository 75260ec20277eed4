// Every weight of a network by its part in it, for loading, saving and counting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <variant>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/model/architectures/llama.hpp"
#include "asterism/model/architectures/mixtral.hpp"
#include "asterism/model/architectures/qwen3_moe.hpp"
#include "asterism/model/architectures/qwen3_next.hpp"
#include "asterism/model/architectures/sigmoid_mixtral.hpp"
#include "asterism/model/architectures/switch_decoder.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// The architectures that the toolkit knows.
inline constexpr ArchitectureInfo architectures[] = {mixtral,    qwen3_moe,      llama,          mistral,
                                                     qwen3_next, switch_decoder, sigmoid_mixtral};

static_assert([] {
  for (std::size_t i = 0; i < std::size(architectures); ++i) {
    if (architectures[i].architecture != static_cast<Architecture>(i)) return false;
  }
  return true;
}());

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

/// Whether an architecture has weights of a role.
constexpr bool has_role(Architecture architecture, Role role) {
  for (const WeightInfo& info : info_of(architecture).weights) {
    if (info.role == role) return true;
  }
  return false;
}

/// Calls f(id) for every weight of a network of `shape`, layer by layer; for the head only if `with_head`.
template <class F>
constexpr void for_each_weight_id(const Shape& shape, bool with_head, F&& f) {
  const View<const WeightInfo> all = info_of(shape.architecture).weights;
  // Calls g for the weights of one scope from `next` on; returns the first of another scope.
  const auto each_of = [&](Scope scope, std::size_t next, auto&& g) {
    for (; next < all.size && all[next].scope == scope; ++next) g(all[next]);
    return next;
  };
  std::size_t of_layers = each_of(Scope::model, 0, [&](const WeightInfo& info) { f(WeightId{info.role}); });
  std::size_t after = of_layers;
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    const std::size_t of_experts = each_of(Scope::layer, of_layers, [&](const WeightInfo& info) {
      if (is_there(info.where, shape, layer)) f(WeightId{info.role, layer});
    });
    after = of_experts;
    while (after < all.size && all[after].scope == Scope::expert) ++after;
    for (std::int32_t expert = 0; !shape.is_dense(layer) && expert < shape.experts; ++expert) {
      each_of(Scope::expert, of_experts, [&](const WeightInfo& info) { f(WeightId{info.role, layer, expert}); });
    }
  }
  each_of(Scope::model, after, [&](const WeightInfo& info) {
    if (info.role != Role::head || with_head) f(WeightId{info.role});
  });
}

namespace detail {

/// Calls f with a weight of a mixer's slab and returns true, or returns false where it has none of that role.
template <class Slab, class F>
bool visit_mixer_weight(const Slab& slab, Role role, F&& f) {
  if constexpr (requires { slab.query; }) {
    if (role == Role::query) return f(slab.query), true;
    if (role == Role::key) return f(slab.key), true;
    if (role == Role::value) return f(slab.value), true;
    if (role == Role::query_bias) return f(slab.query_bias), true;
    if (role == Role::key_bias) return f(slab.key_bias), true;
    if (role == Role::value_bias) return f(slab.value_bias), true;
    if (role == Role::query_norm) return f(slab.query_norm), true;
    if (role == Role::key_norm) return f(slab.key_norm), true;
    if (role == Role::output) return f(slab.output), true;
    if (role == Role::output_bias) return f(slab.output_bias), true;
  }
  if constexpr (requires { slab.qkv; }) {
    if (role == Role::linear_qkv) return f(slab.qkv), true;
    if (role == Role::linear_gate) return f(slab.gate), true;
    if (role == Role::linear_beta_decay) return f(slab.beta_decay), true;
    if (role == Role::linear_convolution) return f(slab.convolution), true;
    if (role == Role::linear_decay_rate) return f(slab.decay_rate), true;
    if (role == Role::linear_decay_bias) return f(slab.decay_bias), true;
    if (role == Role::linear_norm) return f(slab.norm), true;
    if (role == Role::linear_output) return f(slab.output), true;
  }
  return false;
}

}  // namespace detail

/// Calls f(weights) with the weight `id` of a network: a DeviceWeights where it is a matrix in a format, a
/// DeviceMatrix<float> where it is a vector, (1, n), or exact. Not called for experts that have no memory of their own.
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
  if (id.role >= Role::query && id.role <= Role::linear_output) {
    return std::visit(
        [&]<class M>(const M& mixer) {
          if (detail::visit_mixer_weight(mixer.slab(), id.role, f)) return;
          throw Unsupported(concat("the mixer ", M::name, " of layer ", id.layer, " has no place for ",
                                   info_of(network.shape().architecture, id.role).name));
        },
        block.mixer());
  }
  switch (id.role) {
    case Role::attention_norm:
      return f(block.norms().attention);
    case Role::feed_forward_norm:
      return f(block.norms().feed_forward);
    case Role::router:
      return f(block.constellation().router());
    case Role::router_bias:
      if constexpr (Network::Block::Constellation::is_biased) f(block.constellation().router_bias());
      return;
    case Role::shared_router:
      return f(block.constellation().shared_gate());
    case Role::shared_gate:
      return f(block.constellation().shared_expert().slab().gate);
    case Role::shared_up:
      return f(block.constellation().shared_expert().slab().up);
    case Role::shared_down:
      return f(block.constellation().shared_expert().slab().down);
    case Role::dense_gate:
      return f(block.feed_forward().slab().gate);
    case Role::dense_up:
      return f(block.feed_forward().slab().up);
    case Role::dense_down:
      return f(block.feed_forward().slab().down);
    default:
      break;
  }
  if constexpr (Network::Block::Constellation::holds_experts) {
    const auto& slab = block.constellation().expert(static_cast<std::size_t>(id.expert));
    if constexpr (requires { slab.gate; }) {
      if (id.role == Role::gate) return f(slab.gate);
    }
    if (id.role == Role::up) return f(slab.up);
    f(slab.down);
  }
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
