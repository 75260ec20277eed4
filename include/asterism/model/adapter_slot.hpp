// One adapter in memory: on every device the parts of its layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/expert/adapters.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// Memory for one adapter of `A`, an expert::Adapters, filled through `for_each_pair`. One adapter after the other may
/// take it, while no pass uses it. Nothing is drawn after construction.
template <class A>
class AdapterSlot {
 public:
  using Pair = typename A::Pair;

  /// Draws from the arenas of `devices`, uninitialised; throws BudgetExceeded if a device has no room.
  template <class Device>
  AdapterSlot(const std::vector<std::unique_ptr<Device>>& devices, const placement::Plan& plan,
              const Shape& shape) {
    for (std::size_t d = 0; d < devices.size(); ++d) {
      const Bytes here = bytes(shape, plan.cuts[d], plan.cuts[d + 1]);
      if (here == Bytes{0}) continue;
      buffers_.push_back(devices[d]->allocate(here, "adapters"));
      backend::Layout cursor(buffers_.back());
      for (std::int32_t layer = plan.cuts[d]; layer < plan.cuts[d + 1]; ++layer) {
        if (shape.attention_layers().contains(layer)) {
          attention_.push_back(A::Attention::lay_out(cursor, shape));
          attention_layers_.push_back(layer);
        }
        if (!shape.is_dense(layer)) {
          experts_.push_back(A::Experts::lay_out(cursor, shape));
          sparse_layers_.push_back(layer);
        }
      }
    }
  }

  /// Bytes of layers [first, last).
  static constexpr Bytes bytes(const Shape& shape, std::int32_t first, std::int32_t last) {
    const auto of = [&](const LayerSet& layers) {
      return static_cast<std::uint64_t>(layers.size_within(first, last));
    };
    return A::attention_bytes(shape) * of(shape.attention_layers()) +
           A::expert_bytes(shape) * of(shape.sparse_layers());
  }

  /// Of a layer, numbered among those with attention, or among those with experts.
  const typename A::Attention& attention(std::int32_t number) const {
    return attention_[static_cast<std::size_t>(number)];
  }
  const typename A::Experts& experts(std::int32_t number) const {
    return experts_[static_cast<std::size_t>(number)];
  }

  /// Calls f(weight, a, b) for every matrix that may have an adapter, layer by layer: `weight` names the base's matrix,
  /// and f fills the memory of `a` and of `b.columns`, and sets b.scale.
  template <class F>
  void for_each_pair(F&& f) {
    for (std::size_t i = 0; i < attention_.size(); ++i) {
      const std::int32_t layer = attention_layers_[i];
      const auto call = [&](Role role, Pair& pair) {
        if (pair.a.rows > 0) f(WeightId{role, layer, -1}, pair.a, pair.b);
      };
      call(Role::query, attention_[i].query);
      call(Role::key, attention_[i].key);
      call(Role::value, attention_[i].value);
      call(Role::output, attention_[i].output);
    }
    for (std::size_t i = 0; i < experts_.size(); ++i) {
      const std::int32_t layer = sparse_layers_[i];
      for (std::size_t e = 0; e < experts_[i].gate.a.size(); ++e) {
        const auto call = [&](Role role, typename A::OfExperts& of) {
          f(WeightId{role, layer, static_cast<std::int32_t>(e)}, of.a[e], of.b[e]);
        };
        call(Role::gate, experts_[i].gate);
        call(Role::up, experts_[i].up);
        call(Role::down, experts_[i].down);
      }
    }
  }

 private:
  std::vector<backend::Buffer> buffers_;
  std::vector<typename A::Attention> attention_;
  std::vector<std::int32_t> attention_layers_;
  std::vector<typename A::Experts> experts_;
  std::vector<std::int32_t> sparse_layers_;
};

/// The address of a slot, null for none; of NoAdapters an empty object.
template <class A>
using AdapterPointer =
    std::conditional_t<expert::has_adapters<A>, const AdapterSlot<A>*, expert::NoAdapters>;

}  // namespace asterism::model
