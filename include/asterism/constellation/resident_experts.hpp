// All experts of a layer in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/constellation/fwd.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::constellation {

/// The slabs of a layer's experts in one piece of memory. Filled after construction, immutable afterwards.
template <class Expert>
class ResidentExperts {
 public:
  static constexpr bool holds_experts = true;
  static constexpr bool asks_next_router = false;
  /// What the layers of a device share: nothing.
  struct Slots {};

  /// Draws the slabs, uninitialised, from a device or a backend::Region.
  template <class Memory>
  ResidentExperts(Memory& memory, const Shape& shape, const Expert& expert)
      : slabs_(memory.allocate(expert.footprint() * static_cast<std::uint64_t>(shape.experts), "experts")) {
    backend::Layout cursor(slabs_);
    for (std::int32_t e = 0; e < shape.experts; ++e) {
      views_.push_back(expert.lay_out(cursor));
      matrices_.add(views_.back());
    }
  }

  std::size_t size() const { return views_.size(); }
  const typename Expert::Slab& slab(std::size_t e) const { return views_[e]; }

  /// Every expert answers the rows of its group; see expert::Expert. `adapters`, unless NoHook, is the experts' last
  /// argument.
  template <class Device, class Adapters>
  void forward(Device& device, const Expert& expert, const backend::ExpertGroups& groups,
               backend::DeviceMatrix<const float> x, const typename Expert::Scratch& scratch,
               backend::DeviceMatrix<float> y, [[maybe_unused]] const Adapters& adapters) const {
    if constexpr (is_hook<Adapters>) {
      expert.forward(device, matrices_, groups, x, scratch, y, adapters);
    } else {
      expert.forward(device, matrices_, groups, x, scratch, y);
    }
  }

 private:
  backend::Buffer slabs_;  ///< of all experts, one behind the other
  std::vector<typename Expert::Slab> views_;
  typename Expert::Matrices matrices_;
};

}  // namespace asterism::constellation
