// Brings experts into slots that are memory of the host.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/direct_file.hpp"
#include "asterism/file/reader_threads.hpp"
#include "asterism/residency/expert_homes.hpp"

namespace asterism::residency {

/// Reads from the file of the homes, or copies from memory, in two threads. A carrier, see Slots; `wait` returns when
/// the slab is there, and verifies one that was read.
class HostCarrier {
 public:
  using Ticket = file::ReaderThreads::Ticket;
  static constexpr bool waits = true;

  template <class Device>
  HostCarrier(Device& /*device*/, std::shared_ptr<const ExpertHomes> homes) : HostCarrier(std::move(homes)) {}
  explicit HostCarrier(std::shared_ptr<const ExpertHomes> homes)
      : homes_(std::move(homes)), threads_(homes_->file() == nullptr ? nullptr : &homes_->file()->file()) {}

  void reserve(std::size_t most) {
    under_way_.reserve(most);
    threads_.reserve(most);
  }

  /// Asks for the slab of `part` in `slot`, behind all that was asked for.
  Ticket ask(PartId part, View<std::byte> slot) {
    under_way_.reserve(under_way_.size() + 1);  // nothing fails once the read is under way
    const bool copied = homes_->in_memory(part.group);
    const Ticket ticket = copied ? threads_.submit(View<const std::byte>(homes_->slab(part)), slot)
                                 : threads_.submit(homes_->header().offset(part), slot);
    under_way_.push_back({ticket, part, slot});
    return ticket;
  }

  /// Throws as SpillFile::read; the ticket is spent then too.
  file::ReaderThreads::Arrival wait(Ticket ticket) {
    const Asked asked = take(ticket);
    const file::ReaderThreads::Arrival arrival = threads_.wait(ticket);
    if (!homes_->in_memory(asked.part.group)) homes_->file()->verify(asked.part, asked.slot);
    return arrival;
  }

  /// Gives it up, after the pieces under way. Returns the bytes that were brought.
  std::size_t cancel(Ticket ticket) {
    take(ticket);
    return threads_.cancel(ticket);
  }

  /// What is finished of a slab that is given up before another begins: at most so many bytes.
  std::size_t piece() const { return threads_.threads() * file::DirectFile::piece; }

 private:
  struct Asked {
    Ticket ticket = 0;
    PartId part;
    View<std::byte> slot;
  };

  Asked take(Ticket ticket) {
    const auto found = std::ranges::find(under_way_, ticket, &Asked::ticket);
    if (found == under_way_.end()) throw InvalidArgument(concat("nothing is under way by the ticket ", ticket));
    const Asked out = *found;
    under_way_.erase(found);
    return out;
  }

  std::shared_ptr<const ExpertHomes> homes_;
  std::vector<Asked> under_way_;
  file::ReaderThreads threads_;
};

}  // namespace asterism::residency
