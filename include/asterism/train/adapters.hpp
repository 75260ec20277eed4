// Adapters of a whole model: which matrices have one, and their memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/expert/low_rank.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::train {

/// What learns in the place of the weights, which are frozen then: low-rank adapters of the matrices of attention and
/// of experts, and beside them the routers as they are. Rank 0: none there. The default has none at all, and the
/// weights learn.
struct Adapters {
  std::int32_t attention = 0;    ///< rank at query, key, value and output
  std::int32_t experts = 0;      ///< rank at the three matrices of each expert
  float alpha = 16;              ///< the scale is alpha / rank
  bool rank_stabilised = false;  ///< alpha / sqrt(rank) instead. Source: Kalajdzievski, arXiv 2312.03732
  bool router = false;           ///< the matrix of each router learns too, whole, in the place of the base's

  constexpr bool any() const { return attention > 0 || experts > 0; }
  constexpr std::int32_t widest() const { return attention > experts ? attention : experts; }
  float scale(std::int32_t rank) const;
  /// Those of low rank alone.
  constexpr Adapters without_router() const {
    Adapters out = *this;
    out.router = false;
    return out;
  }

  friend constexpr bool operator==(const Adapters&, const Adapters&) = default;
};

/// A matrix that may have an adapter.
struct AdapterPlace {
  model::WeightId weight;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  std::uint64_t rank = 0;
};

/// Throws Unsupported where a model has not what adapters ask for. A constant expression otherwise.
constexpr void check_adapters(const Shape& shape, const Adapters& adapters) {
  if (adapters.router && !adapters.any()) {
    throw Unsupported("a router that learns needs adapters beside it: Adapters::attention or ::experts above 0");
  }
  if (adapters.router && shape.sparse_layers().empty())
    throw Unsupported("a router is asked to learn, and the model has none");
  if (adapters.experts == 0) return;
  if (shape.sparse_layers().empty())
    throw Unsupported("adapters of experts are asked for, and the model has none");
  if (!model::has_role(shape.architecture, model::Role::gate)) {
    throw Unsupported("adapters of experts are for gated ones (SwiGLU), and the model's have no gate");
  }
}

/// Calls f(place) for every matrix of a model that gets one, layer by layer; dense layers get them at attention alone.
template <class F>
constexpr void for_each_adapter(const Shape& shape, const Adapters& adapters, F&& f) {
  using model::Role;
  const auto call = [&](Role role, std::int32_t layer, std::int32_t expert, std::int32_t rank) {
    const model::WeightInfo& info = model::info_of(shape.architecture, role);
    f(AdapterPlace{model::WeightId{role, layer, expert}, model::size_of(info.rows, shape),
                   model::size_of(info.cols, shape), static_cast<std::uint64_t>(rank)});
  };
  for (std::int32_t l = 0; l < shape.layers; ++l) {
    if (adapters.attention > 0) {
      for (const Role role : {Role::query, Role::key, Role::value, Role::output})
        call(role, l, -1, adapters.attention);
    }
    if (adapters.experts == 0 || shape.is_dense(l)) continue;
    for (std::int32_t e = 0; e < shape.experts; ++e) {
      for (const Role role : {Role::gate, Role::up, Role::down}) call(role, l, e, adapters.experts);
    }
  }
}

/// Calls f(id, rows, cols) for every router that learns beside adapters.
template <class F>
constexpr void for_each_router(const Shape& shape, const Adapters& adapters, F&& f) {
  for (std::int32_t l = 0; l < shape.layers; ++l) {
    if (!adapters.router || shape.is_dense(l)) continue;
    f(model::WeightId{model::Role::router, l}, static_cast<std::uint64_t>(shape.experts),
      static_cast<std::uint64_t>(shape.hidden));
  }
}

/// The adapters of one layer.
struct AdapterLayer {
  expert::LowRank query;
  expert::LowRank key;
  expert::LowRank value;
  expert::LowRank output;

  struct OfExpert {
    expert::LowRank gate;
    expert::LowRank up;
    expert::LowRank down;
  };
  std::vector<OfExpert> experts{};
  /// Of gradients alone: (experts, hidden), where the router learns.
  backend::DeviceWeights<quant::Float32> router{};
};

/// The adapters of a model, or their gradients, in one piece of memory. A router that learns is the network's own, so
/// that a set of its adapters is made without it, and that of the gradients with it.
class AdapterSet {
 public:
  AdapterSet() = default;
  /// Draws the memory, uninitialised, from a device.
  template <class Device>
  AdapterSet(Device& device, const Shape& shape, const Adapters& adapters)
      : buffer_(device.allocate(bytes(shape, adapters), "adapters")),
        layers_(static_cast<std::size_t>(shape.layers)) {
    backend::Layout cursor(buffer_);
    for (AdapterLayer& layer : layers_) layer.experts.resize(static_cast<std::size_t>(shape.experts));
    for_each_adapter(shape, adapters, [&](const AdapterPlace& at) {
      const float scale = adapters.scale(static_cast<std::int32_t>(at.rank));
      slot(at.weight) = expert::LowRank::lay_out(cursor, at.rows, at.cols, at.rank, scale);
    });
    for_each_router(shape, adapters, [&](const model::WeightId& id, std::uint64_t rows, std::uint64_t cols) {
      layers_[static_cast<std::size_t>(id.layer)].router = cursor.weights<quant::Float32>(rows, cols);
    });
  }

  const AdapterLayer& layer(std::int32_t number) const { return layers_[static_cast<std::size_t>(number)]; }

  static constexpr Bytes bytes(const Shape& shape, const Adapters& adapters) {
    backend::Layout cursor;
    for_each_adapter(shape, adapters, [&](const AdapterPlace& at) {
      expert::LowRank::lay_out(cursor, at.rows, at.cols, at.rank, 1);
    });
    for_each_router(shape, adapters, [&](const model::WeightId&, std::uint64_t rows, std::uint64_t cols) {
      cursor.weights<quant::Float32>(rows, cols);
    });
    return cursor.used();
  }

  /// Of a matrix that for_each_adapter named.
  const expert::LowRank& at(const model::WeightId& weight) const {
    return const_cast<AdapterSet*>(this)->slot(weight);
  }

 private:
  expert::LowRank& slot(const model::WeightId& weight);

  backend::Buffer buffer_;
  std::vector<AdapterLayer> layers_;
};

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/adapters_impl.hpp"
#endif
