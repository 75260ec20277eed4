// Reads of experts into slots: asked for, waited for or given up, and counted.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/residency/carrier.hpp"
#include "asterism/residency/expert_homes.hpp"
#include "asterism/residency/slot_counts.hpp"
#include "asterism/residency/spill_header.hpp"

namespace asterism::residency {

/// A carrier's work for the slots of one device, whose parts are counted from the device's first layer. Counts the
/// bytes that come, and the time that is waited for them. Does not allocate. Not thread-safe.
template <Carrier CarrierType>
class SlabReads {
 public:
  using Ticket = typename CarrierType::Ticket;
  using Clock = std::chrono::steady_clock;
  static constexpr Ticket nothing = 0;

  /// A part that is read into a slot, or will be.
  struct Read {
    PartId part;
    std::size_t slot = 0;
    Ticket ticket = nothing;
    std::int64_t asked = 0;  ///< when, by a timeline; 0: not known
    bool ahead = false;      ///< before its layer's router had spoken
  };

  /// `memory`: of the slots, each of homes->header().stride() bytes.
  SlabReads(std::unique_ptr<CarrierType> carrier, std::shared_ptr<const ExpertHomes> homes,
            std::int32_t first_group, std::byte* memory)
      : carrier_(std::move(carrier)), homes_(std::move(homes)), first_group_(first_group), memory_(memory) {
    counts_.direct = homes_->file() != nullptr && homes_->file()->file().mode() == file::ReadMode::direct;
  }

  /// At most so many are under way.
  void reserve(std::size_t most) { carrier_->reserve(most); }

  void ask(Read& read) { read.ticket = carrier_->ask(in_file(read.part), view(read.slot)); }

  /// The read has ended, also where it failed and this throws.
  void wait(Read& read) {
    const auto begun = Clock::now();
    const Ticket ticket = std::exchange(read.ticket, nothing);
    if constexpr (CarrierType::waits) {
      const auto arrival = carrier_->wait(ticket);
      if (read.ahead) {
        counts_.late += arrival.late ? 1 : 0;
      } else {
        times(in_file(read.part)).add(arrival.seconds);
      }
    } else {
      carrier_->wait(ticket);
    }
    counts_.seconds_waited += std::chrono::duration<double>(Clock::now() - begun).count();
    counted(in_file(read.part)) += homes_->header().stride();
  }

  /// Gives up what was asked for; returns the bytes that came all the same.
  std::size_t drop(const Read& read) {
    if (read.ticket == nothing) return 0;
    const std::size_t bytes = carrier_->cancel(read.ticket);
    counted(in_file(read.part)) += bytes;
    return bytes;
  }

  const ExpertHomes& homes() const { return *homes_; }
  SlotCounts& counts() { return counts_; }
  const SlotCounts& counts() const { return counts_; }
  std::size_t number(PartId part) const { return static_cast<std::size_t>(homes_->header().number(part)); }

  /// The part of a slab that is brought for nothing before a more urgent one begins.
  float piece() const {
    const auto bytes = static_cast<double>(carrier_->piece());
    return static_cast<float>(std::min(1.0, bytes / static_cast<double>(homes_->header().stride())));
  }

 private:
  /// Bytes that come from where the expert waits.
  std::uint64_t& counted(PartId home) { return homes_->in_memory(home.group) ? counts_.copied : counts_.bytes; }
  FetchTimes& times(PartId home) {
    return homes_->in_memory(home.group) ? counts_.from_memory : counts_.from_disk;
  }
  PartId in_file(PartId part) const { return {part.group + first_group_, part.member}; }
  View<std::byte> view(std::size_t slot) const {
    const auto bytes = static_cast<std::size_t>(homes_->header().stride());
    return {memory_ + slot * bytes, bytes};
  }

  std::unique_ptr<CarrierType> carrier_;
  std::shared_ptr<const ExpertHomes> homes_;
  std::int32_t first_group_;
  std::byte* memory_;
  SlotCounts counts_;
};

/// Takes a number from a list of free slots.
inline std::size_t take_slot(std::vector<std::size_t>& slots) {
  const std::size_t slot = slots.back();
  slots.pop_back();
  return slot;
}

}  // namespace asterism::residency
