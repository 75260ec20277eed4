// Slots of fast memory in which the experts of a device take turns: a cache decides, and reader threads bring them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/parts.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/reader_threads.hpp"
#include "asterism/residency/fwd.hpp"
#include "asterism/residency/slot_counts.hpp"
#include "asterism/residency/spill_file.hpp"

namespace asterism::residency {

/// Slots of one device, for the experts of some consecutive layers whose homes are in a spill file. `Policy` decides
/// who stays; two slots are for experts that are not kept. What a pass needs is read once for each layer, however many
/// of its tokens want it. Decisions follow from the routing alone, never from the speed of reads. One pass at a time;
/// after the first passes nothing is allocated.
template <cache::Cache Policy>
class Slots {
 public:
  static constexpr std::size_t step_slots = 2;
  /// Slots are read into directly: their memory is aligned to it.
  static constexpr std::uint64_t alignment = 4096;

  /// An expert in a slot.
  struct Ready {
    std::int32_t member = 0;
    std::size_t slot = 0;
  };

  /// The parts of a device's layers, for a policy; and the bytes that it may fill of `slots` slots.
  static cache::Parts parts_of(const SpillHeader& homes, std::int32_t groups) {
    return cache::Parts(groups, homes.experts, Bytes{homes.stride()});
  }
  static Bytes capacity_of(const SpillHeader& homes, std::int32_t groups, std::size_t slots) {
    return {kept_slots(homes, groups, slots) * homes.stride()};
  }

  /// For layers [first_group, first_group + groups) among those with experts. `memory`: `slots` times the stride of
  /// `homes`, aligned; it must outlive this. `policy` was made for parts_of and capacity_of, and is empty:
  /// InvalidArgument otherwise, and for fewer than three slots.
  Slots(Policy policy, std::shared_ptr<const SpillFile> homes, std::int32_t first_group, std::int32_t groups,
        std::byte* memory, std::size_t slots)
      : policy_(std::move(policy)),
        homes_(std::move(homes)),
        first_group_(first_group),
        memory_(memory),
        kept_(kept_slots(homes_->header(), groups, slots)),
        slot_of_(static_cast<std::size_t>(groups) * static_cast<std::size_t>(homes_->header().experts)),
        loaded_(slots),
        readers_(homes_->file()) {
    counts_.direct = homes_->file().mode() == file::ReadMode::direct;
    for (std::size_t slot = kept_; slot-- > 0;) free_.push_back(slot);
    for (std::size_t i = 0; i < slot_of_.size(); ++i) {
      const auto experts = static_cast<std::size_t>(homes_->header().experts);
      if (!policy_.contains({static_cast<std::int32_t>(i / experts), static_cast<std::int32_t>(i % experts)}))
        continue;
      throw InvalidArgument("a cache of experts that take turns says that some are there before any was read");
    }
    if (policy_.capacity() > capacity_of(homes_->header(), groups, slots)) {
      throw InvalidArgument(concat("a cache of experts that take turns wants ", to_string(policy_.capacity()),
                                   ", there are slots for ",
                                   to_string(capacity_of(homes_->header(), groups, slots))));
    }
  }

  /// A pass has routed layer `group`, and needs the experts `used`, ascending; `probabilities` of all experts as
  /// cache::Cache::observe. Calls f(View<const Ready>) for those that are ready, until each has been in one call: first
  /// for all that are in slots, then for each other one when it has been read. A slot may be another expert's after the
  /// call. Throws as SpillFile::read, and what f throws; then no read is under way, and the next pass may be tried.
  template <class F>
  void visit(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities, F&& f) {
    const std::int32_t local = group - first_group_;
    policy_.observe(local, used, probabilities);
    step_.clear();
    // In waves, residents come first, before others can drive them out; else as a replay has it, in the members' order.
    const bool one_wave = used.size <= kept_;
    for (const bool first : {true, false}) {
      for (const std::int32_t member : used) {
        if ((one_wave || policy_.contains({local, member})) == first) step_.push_back({local, member});
      }
    }
    counts_.uses += used.size;
    const View<const PartId> step(step_);
    for (std::size_t first = 0; first < step.size; first += kept_) {
      run(step.subview(first, std::min(kept_, step.size - first)), f);
    }
  }

  const Policy& policy() const { return policy_; }
  const SpillFile& homes() const { return *homes_; }
  /// Of reads that were completed.
  const SlotCounts& counts() const { return counts_; }

 private:
  struct Pending {
    PartId part;
    std::size_t slot = 0;
    file::ReaderThreads::Ticket ticket = 0;
  };

  static std::size_t kept_slots(const SpillHeader& homes, std::int32_t groups, std::size_t slots) {
    const auto all = static_cast<std::size_t>(groups) * static_cast<std::size_t>(homes.experts);
    if (slots <= step_slots) {
      throw InvalidArgument(concat("experts take turns in ", slots, " slots, which is at least ", step_slots + 1));
    }
    return std::min(all, slots - step_slots);
  }

  /// A part of the step at most as large as what is kept.
  template <class F>
  void run(View<const PartId> wave, F&& f) {
    policy_.admit(wave, admission_);
    for (const PartId victim : admission_.victims) free_.push_back(slot_of_[number(victim)]);
    ready_.clear();
    pending_.clear();
    next_ = 0;
    try {
      for (const PartId hit : admission_.hits) {
        const std::size_t slot = slot_of_[number(hit)];
        if (loaded_[slot]) {
          ready_.push_back({hit.member, slot});
        } else {
          ask(hit, slot);  // its read was broken off
        }
      }
      counts_.hits += ready_.size();
      for (const PartId part : admission_.fetched) {
        const std::size_t slot = free_.back();
        free_.pop_back();
        slot_of_[number(part)] = slot;
        loaded_[slot] = false;
        ask(part, slot);
      }
      const std::size_t kept = pending_.size();
      const std::vector<PartId>& passing = admission_.bypassed;
      std::size_t asked = 0;
      for (; asked < std::min(step_slots, passing.size()); ++asked) ask(passing[asked], kept_ + asked);
      if (!ready_.empty()) f(View<const Ready>(ready_));
      while (next_ < pending_.size()) {
        const Pending now = pending_[next_];
        wait(now);
        loaded_[now.slot] = next_ <= kept;
        counts_.fetched += next_ <= kept ? 1 : 0;
        counts_.bypassed += next_ > kept ? 1 : 0;
        const Ready one{now.part.member, now.slot};
        f(View<const Ready>(&one, 1));
        if (next_ > kept && asked < passing.size()) ask(passing[asked++], now.slot);
      }
    } catch (...) {
      for (; next_ < pending_.size(); ++next_) readers_.cancel(pending_[next_].ticket);
      throw;
    }
  }

  void ask(PartId part, std::size_t slot) {
    pending_.push_back({part, slot, readers_.submit(homes_->header().offset(in_file(part)), view(slot))});
  }

  /// The read counts as done even where it failed.
  void wait(const Pending& pending) {
    const auto begun = std::chrono::steady_clock::now();
    ++next_;
    readers_.wait(pending.ticket);
    counts_.seconds_waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    counts_.bytes += homes_->header().stride();
    homes_->verify(in_file(pending.part), view(pending.slot));
  }

  std::size_t number(PartId part) const { return static_cast<std::size_t>(homes_->header().number(part)); }
  PartId in_file(PartId part) const { return {part.group + first_group_, part.member}; }
  View<std::byte> view(std::size_t slot) const {
    const auto bytes = static_cast<std::size_t>(homes_->header().stride());
    return {memory_ + slot * bytes, bytes};
  }

  Policy policy_;
  std::shared_ptr<const SpillFile> homes_;
  std::int32_t first_group_;
  std::byte* memory_;
  std::size_t kept_;                  ///< slots that the policy fills
  std::vector<std::size_t> slot_of_;  ///< by number, of residents
  std::vector<std::uint8_t> loaded_;  ///< (slots): the read of its expert was completed
  std::vector<std::size_t> free_;     ///< of kept slots
  std::vector<PartId> step_;
  cache::Admission admission_;
  std::vector<Ready> ready_;
  std::vector<Pending> pending_;  ///< reads of a wave, in order
  std::size_t next_ = 0;          ///< of these, the next to wait for
  SlotCounts counts_;
  file::ReaderThreads readers_;
};

}  // namespace asterism::residency
