// Experts that take turns in slots of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/cache/concept.hpp"
#include "asterism/constellation/fwd.hpp"
#include "asterism/constellation/home_memory.hpp"
#include "asterism/constellation/pass_routing.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/expert/concept.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/observe/timeline.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/residency/carrier.hpp"
#include "asterism/residency/expert_homes.hpp"
#include "asterism/residency/pace.hpp"
#include "asterism/residency/slots.hpp"
#include "asterism/residency/spill_header.hpp"
#include "asterism/residency/strategy.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::constellation {

/// The slots of a device, shared by all its layers, and their slabs. One pass at a time.
template <expert::Movable Expert, cache::Cache Policy, prefetch::Prefetch Prefetcher, residency::Carrier Carrier>
class ExpertSlots {
 public:
  using Slots = residency::Slots<Policy, Prefetcher, Carrier>;
  using Extent = typename Slots::Extent;
  static constexpr bool looks_ahead = Slots::looks_ahead;
  /// The prefetcher is handed what the next layer's router says of this layer's state.
  static constexpr bool asks_next_router = prefetch::AsksNextRouter<Prefetcher>;

  /// Draws the memory of homes in host devices; see constellation::draw_homes.
  template <class Device>
  static std::vector<backend::Buffer> draw_homes(const std::vector<std::unique_ptr<Device>>& devices,
                                                 const placement::Plan& plan, const Shape& shape,
                                                 residency::ExpertHomes* homes) {
    return constellation::draw_homes(devices, plan, shape, Expert(shape).footprint(), homes);
  }
  static const residency::SpillHeader& header_of(const residency::ExpertHomes& homes) { return homes.header(); }

  /// Bytes that the device draws for `slots` slots of `each` bytes.
  static constexpr Bytes bytes(std::uint64_t slots, Bytes each) { return each * slots + Bytes{Slots::alignment}; }

  /// Draws the slots from `device`. `policy` and `prefetcher` as for residency::Slots. Throws BudgetExceeded if the
  /// device has no room.
  template <class Device>
  ExpertSlots(Device& device, const Shape& shape, const Extent& extent, Policy policy, Prefetcher prefetcher,
              const residency::Pace& pace, std::shared_ptr<const residency::ExpertHomes> homes)
      : buffer_(device.allocate(bytes(extent.slots, {homes->header().stride()}), "expert slots")),
        routing_(shape.experts) {
    const Expert expert(shape);
    const auto first = static_cast<std::uint64_t>(residency::aligned_to_page(buffer_.data()) - buffer_.data());
    for (std::size_t slot = 0; slot < extent.slots; ++slot) {
      backend::Layout cursor(buffer_, first + slot * homes->header().stride());
      slabs_.push_back(expert.lay_out(cursor));
    }
    nowhere_ = slabs_.front();
    if constexpr (expert::Gated<Expert>) nowhere_.gate.data = nullptr;
    nowhere_.up.data = nullptr;
    nowhere_.down.data = nullptr;
    for (std::int32_t e = 0; e < shape.experts; ++e) matrices_.add(nowhere_);
    auto carrier = std::make_unique<Carrier>(device, homes);
    slots_ = std::make_unique<Slots>(std::move(policy), std::move(prefetcher), std::move(carrier),
                                     std::move(homes), extent, pace, buffer_.data() + first);
  }

  const Slots& slots() const { return *slots_; }
  /// Bytes that they hold of the device.
  Bytes held() const { return buffer_.size(); }

  /// Told the sequences of a pass before its layers are computed, if it looks ahead.
  PassRouting& routing() { return routing_; }

  /// Every expert answers the rows of its group when it is in a slot; `offsets` (1, experts + 1) of the groups, the
  /// router's probabilities (n, experts), those of the next layer's router, or no rows, and the routes (n, top_k). See
  /// expert::Expert, and ResidentExperts for `adapters`; `laps`, if any, hear of copies. Throws as
  /// residency::Slots::visit.
  template <class Device, class Adapters>
  void forward(Device& device, const Expert& expert, std::int32_t group, prefetch::Phase phase,
               const backend::ExpertGroups& groups, backend::DeviceMatrix<const std::int32_t> all_offsets,
               backend::DeviceMatrix<const float> scores, backend::DeviceMatrix<const float> next_scores,
               backend::DeviceMatrix<const gating::Route> all_routes, backend::DeviceMatrix<const float> x,
               const typename Expert::Scratch& scratch, backend::DeviceMatrix<float> y,
               const std::stop_token& cancel, observe::Laps* laps, [[maybe_unused]] const Adapters& adapters) {
    const std::size_t told_apart = routing_.sequences() > 1 ? all_routes.rows() : 0;
    const auto [offsets, probabilities, next, routes] =
        device.read(all_offsets, scores, next_scores, all_routes.rows_at(0, told_apart));
    const residency::Routed routed = routing_.of(group, phase, offsets, probabilities, next, routes);
    const auto compute = [&](View<const typename Slots::Ready> ready) {
      for (const auto& one : ready) matrices_.set(static_cast<std::size_t>(one.member), slabs_[one.slot]);
      const Emptied emptied{*this, ready};
      if constexpr (is_hook<Adapters>) {
        expert.forward(device, matrices_, groups, x, scratch, y, adapters);
      } else {
        expert.forward(device, matrices_, groups, x, scratch, y);
      }
    };
    slots_->visit(routed, compute, cancel, laps);
  }

 private:
  /// Experts that were computed are nowhere again, also where computing threw.
  struct Emptied {
    ExpertSlots& of;
    View<const typename Slots::Ready> ready;

    ~Emptied() {
      for (const auto& one : ready) of.matrices_.set(static_cast<std::size_t>(one.member), of.nowhere_);
    }
  };

  backend::Buffer buffer_;
  std::vector<typename Expert::Slab> slabs_;  ///< (slots)
  typename Expert::Slab nowhere_;
  typename Expert::Matrices matrices_;  ///< those of experts that are being computed, the others nowhere
  PassRouting routing_;
  std::unique_ptr<Slots> slots_;
};

/// The experts of a layer whose homes are elsewhere: what a pass needs comes to the slots of its device.
template <expert::Movable Expert, cache::Cache Policy, prefetch::Prefetch Prefetcher, residency::Carrier Carrier>
class SlottedExperts {
 public:
  static constexpr bool holds_experts = false;
  using Slots = ExpertSlots<Expert, Policy, Prefetcher, Carrier>;
  static constexpr bool asks_next_router = Slots::asks_next_router;

  /// What has to be planned for them: slots of whole pages, those that experts pass through and as many as a token
  /// needs; where there is no room for these, as few as experts can stream through.
  static constexpr placement::SlottedExperts footprint(const Shape& shape, Bytes expert) {
    if (shape.sparse_layers().empty()) return {};
    const std::int64_t enough = 2 * std::int64_t{shape.top_k} + 2;
    const auto passing = residency::passing_slots(enough, shape.top_k, Slots::looks_ahead);
    return {.each = {residency::slab_stride(expert.count)},
            .per_layer = shape.experts,
            .layers = shape.sparse_layers(),
            .fewest = residency::least_streaming_slots,
            .passing = static_cast<std::int32_t>(passing),
            .per_token = shape.top_k,
            .beside = {Slots::Slots::alignment}};
  }

  template <class Memory>
  SlottedExperts(Memory& /*memory*/, const Shape& /*shape*/, const Expert& /*expert*/) {}
};

}  // namespace asterism::constellation
