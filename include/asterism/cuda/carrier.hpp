// Brings experts from memory of the host into slots on a GPU. Plain C++.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/cuda/backend.hpp"
#include "asterism/cuda/fwd.hpp"
#include "asterism/cuda/queue.hpp"
#include "asterism/residency/expert_homes.hpp"

namespace asterism::cuda {

/// Copies on a stream of its own, while the device computes: a slot is written when what was queued before has read it,
/// and read when it is written. Never waits. Several may copy into one GPU. A residency::Carrier.
class Carrier {
 public:
  using Ticket = std::size_t;
  static constexpr bool waits = false;

  /// Throws Unsupported where experts wait on a disk, CudaError if the GPU refuses a stream.
  Carrier(Backend& device, std::shared_ptr<const residency::ExpertHomes> homes)
      : device_(&device), homes_(std::move(homes)), copies_(device.queue().gpu()) {
    for (std::int32_t group = 0; group < homes_->header().layers; ++group) {
      if (homes_->in_memory(group)) continue;
      throw Unsupported(concat("device ", device.device(),
                               " takes experts from memory of the host, those of layer ", group,
                               " among those with experts wait on a disk: give the machine a host device that "
                               "holds all of them"));
    }
  }

  void reserve(std::size_t most) {
    events_.reserve(most);
    free_.reserve(most);
    while (events_.size() < most) {
      events_.push_back(std::make_unique<Event>(device_->queue().gpu()));
      free_.push_back(events_.size());
    }
  }

  Ticket ask(PartId part, View<std::byte> slot) {
    if (free_.empty()) reserve(events_.size() + 1);
    const View<std::byte> slab = homes_->slab(part);
    copies_.after(device_->queue());
    copies_.copy(slab.data, slab.size, slot.data, slot.size, slot.size, 1);
    const Ticket ticket = free_.back();
    copies_.record(*events_[ticket - 1]);
    free_.pop_back();
    return ticket;
  }

  void wait(Ticket ticket) {
    device_->queue().after(*events_[ticket - 1]);
    free_.push_back(ticket);
  }

  /// A copy that is queued is made.
  std::size_t cancel(Ticket ticket) {
    free_.push_back(ticket);
    return static_cast<std::size_t>(homes_->header().stride());
  }

  std::size_t piece() const { return static_cast<std::size_t>(homes_->header().stride()); }

 private:
  Backend* device_;
  std::shared_ptr<const residency::ExpertHomes> homes_;
  std::vector<std::unique_ptr<Event>> events_;  ///< ticket t's is t - 1
  std::vector<Ticket> free_;                    ///< whose event nobody needs
  Queue copies_;                                ///< destroyed first: it waits for its copies
};

}  // namespace asterism::cuda
