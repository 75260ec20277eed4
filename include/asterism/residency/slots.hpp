// Slots of fast memory in which the experts of a device take turns: a cache decides, and a carrier brings them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/observe/timeline.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/none.hpp"
#include "asterism/residency/carrier.hpp"
#include "asterism/residency/expert_homes.hpp"
#include "asterism/residency/host_carrier.hpp"
#include "asterism/residency/pace.hpp"
#include "asterism/residency/reads_ahead.hpp"
#include "asterism/residency/routed.hpp"
#include "asterism/residency/slab_reads.hpp"
#include "asterism/residency/slot_counts.hpp"
#include "asterism/residency/slot_extent.hpp"
#include "asterism/residency/spill_header.hpp"
#include "asterism/residency/stopped.hpp"
#include "asterism/residency/strategy.hpp"

namespace asterism::residency {

/// Slots of one device, for the experts of some consecutive layers whose homes are elsewhere. `Policy` decides
/// who stays; a few slots are for experts that are not kept, or all, see Strategy. What a pass needs is read once for
/// each layer, however many of its tokens want it. `Prefetcher` guesses what the next layer will lack; where the veto
/// lets it, that is read into slots that are free, behind what is needed now, until that layer's router speaks.
/// Decisions of the cache follow from the routing alone, never from guesses or the speed of reads. One pass at a time;
/// after the first passes nothing is allocated.
template <cache::Cache Policy, prefetch::Prefetch Prefetcher = prefetch::None, Carrier CarrierType = HostCarrier>
class Slots {
 public:
  static constexpr bool looks_ahead = ReadsAhead<Prefetcher, CarrierType>::looks_ahead;
  using Extent = SlotExtent<looks_ahead>;
  /// Slots are read into directly: their memory is aligned to it.
  static constexpr std::uint64_t alignment = slab_alignment;

  /// An expert in a slot.
  struct Ready {
    std::int32_t member = 0;
    std::size_t slot = 0;
  };

  /// `memory`: extent.slots times the stride of `homes`, aligned; it must outlive this. `policy` was made for
  /// extent.parts and extent.capacity, and is empty; `prefetcher` for extent.ahead; `carrier` for the device and the
  /// homes. InvalidArgument otherwise, and for too few slots.
  Slots(Policy policy, Prefetcher prefetcher, std::unique_ptr<CarrierType> carrier,
        std::shared_ptr<const ExpertHomes> homes, const Extent& extent, const Pace& pace, std::byte* memory)
      : policy_(std::move(policy)),
        extent_(extent),
        kept_(extent.kept(homes->header())),
        streams_(extent.strategy(homes->header()) == Strategy::streaming),
        slot_of_(static_cast<std::size_t>(extent.groups) * static_cast<std::size_t>(homes->header().experts)),
        layer_of_(static_cast<std::size_t>(extent.groups), -1),
        loaded_(extent.slots),
        reads_(std::move(carrier), std::move(homes), extent.first_group, memory),
        ahead_(std::move(prefetcher), extent.ahead(header()), extent.top_k, extent.slots - kept_, pace,
               cache::Valued<Policy>, reads_.piece()) {
    const auto experts_of_layer = static_cast<std::size_t>(header().experts);
    for (auto* slots : {&free_, &passing_}) slots->reserve(extent.slots);
    for (auto* parts : {&step_, &waiting_, &admission_.hits, &admission_.fetched, &admission_.bypassed}) {
      parts->reserve(experts_of_layer);
    }
    admission_.victims.reserve(kept_);
    ready_.reserve(experts_of_layer);
    pending_.reserve(experts_of_layer);
    reads_.reserve(experts_of_layer + extent.slots - kept_);
    reads_.counts().looks_ahead = looks_ahead && !streams_;
    for (std::size_t slot = extent.slots; slot-- > kept_;) passing_.push_back(slot);
    for (std::size_t slot = kept_; slot-- > 0;) free_.push_back(slot);
    for (std::size_t i = 0; i < slot_of_.size(); ++i) {
      const PartId part{static_cast<std::int32_t>(i / experts_of_layer),
                        static_cast<std::int32_t>(i % experts_of_layer)};
      if (!policy_.contains(part)) continue;
      throw InvalidArgument("a cache of experts that take turns says that some are there before any was read");
    }
    if (const Bytes most = extent.capacity(header()); policy_.capacity() > most) {
      throw InvalidArgument(concat("a cache of experts that take turns wants ", to_string(policy_.capacity()),
                                   ", there are slots for ", to_string(most)));
    }
  }

  /// A pass has routed a layer. Calls f(View<const Ready>) for the experts that it needs when they are ready, until
  /// each has been in one call: first for all that are in slots, then for each other one when it has been read. A
  /// slot may be another expert's after the call. Throws as the carrier's wait, what f throws, and Stopped where
  /// `cancel` was requested, after one read at most; then no read is under way, and the next pass may be tried. `laps`
  /// of a timeline hear of copies that were asked for, waits and evictions.
  template <class F>
  void visit(const Routed& routed, F&& f, const std::stop_token& cancel = {}, observe::Laps* laps = nullptr) {
    const std::int32_t local = routed.group - extent_.first_group;
    const View<const std::int32_t> used = routed.used;
    if (laps != nullptr) layer_of_[static_cast<std::size_t>(local)] = laps->layer();
    try {
      step_.clear();
      reads_.counts().uses += used.size;
      if (streams_) {
        for (const std::int32_t member : used) step_.push_back({local, member});
        return run(step_, nobody, f, cancel, laps);
      }
      policy_.observe(local, used, routed.probabilities);
      // In waves, residents come first, before others can drive them out; else as a replay has it, in the members'
      // order.
      const bool one_wave = used.size <= kept_;
      for (const bool first : {true, false}) {
        for (const std::int32_t member : used) {
          if ((one_wave || policy_.contains({local, member})) == first) step_.push_back({local, member});
        }
      }
      const View<const PartId> step(step_);
      ahead_.measure(routed.phase == prefetch::Phase::decode, local == 0, counts().seconds_waited);
      ahead_.hear(routed, local, step, step.subview(0, std::min(kept_, step.size)), reads_, passing_);
      for (std::size_t first = 0; first < step.size; first += kept_) {
        const std::size_t count = std::min(kept_, step.size - first);
        run(step.subview(first, count), first + count == step.size ? next_of(local) : nobody, f, cancel, laps);
      }
    } catch (...) {
      ahead_.give_up_all(reads_, passing_);
      throw;
    }
  }

  /// Nothing is read ahead any more, until a pass looks ahead again. Between passes.
  void give_up_reads() { ahead_.give_up_all(reads_, passing_); }

  const Policy& policy() const { return policy_; }
  const ExpertHomes& homes() const { return reads_.homes(); }
  const SlotCounts& counts() const { return reads_.counts(); }

 private:
  using Reads = SlabReads<CarrierType>;
  using Pending = typename Reads::Read;
  static constexpr std::int32_t nobody = -1;

  const SpillHeader& header() const { return reads_.homes().header(); }
  std::int32_t next_of(std::int32_t group) const { return group + 1 < extent_.groups ? group + 1 : 0; }

  /// A part of the step at most as large as what is kept, or, where nothing is, all of it; `next`: the group to look
  /// ahead to, or nobody.
  template <class F>
  void run(View<const PartId> wave, std::int32_t next, F&& f, const std::stop_token& cancel, observe::Laps* laps) {
    observe::Timeline* const timeline = laps != nullptr ? laps->timeline() : nullptr;
    const auto ask = [&](Pending& one) {
      reads_.ask(one);
      if (timeline != nullptr) one.asked = timeline->now();
    };
    if (streams_) {
      admission_.clear();
      admission_.bypassed.assign(wave.begin(), wave.end());
    } else {
      policy_.admit(wave, admission_);
    }
    for (const PartId victim : admission_.victims) {
      free_.push_back(slot_of_[reads_.number(victim)]);
      if (timeline == nullptr) continue;
      const std::int64_t now = timeline->now();
      laps->record(observe::SpanKind::evict, now, now, victim.member,
                   layer_of_[static_cast<std::size_t>(victim.group)]);
    }
    ready_.clear();
    pending_.clear();
    waiting_.clear();
    next_ = 0;
    // Whatever fails below, what stays has its slot already, and what has none is not taken for loaded.
    for (const PartId hit : admission_.hits) {
      const std::size_t slot = slot_of_[reads_.number(hit)];
      if (loaded_[slot]) {
        ready_.push_back({hit.member, slot});
      } else {
        pending_.push_back({hit, slot});  // its read was broken off
      }
    }
    reads_.counts().hits += ready_.size();
    for (const PartId part : admission_.fetched) {
      const std::size_t slot = take_slot(free_);
      if (const auto ahead = ahead_.take(part, reads_)) {
        pending_.push_back(*ahead);  // its slot is kept, and the free one passes in its place
        passing_.push_back(slot);
      } else {
        pending_.push_back({part, slot});
      }
      slot_of_[reads_.number(part)] = pending_.back().slot;
      loaded_[pending_.back().slot] = false;
    }
    const std::size_t kept = pending_.size();
    for (const PartId part : admission_.bypassed) {
      if (const auto ahead = ahead_.take(part, reads_)) {
        pending_.push_back(*ahead);
      } else {
        waiting_.push_back(part);
      }
    }
    if (next != nobody) ahead_.predict(next, [&](PartId part) { return policy_.contains(part); });
    std::size_t asked = 0;
    const auto ask_more = [&] {
      while (asked < waiting_.size() && !passing_.empty()) {
        pending_.push_back({waiting_[asked++], take_slot(passing_)});
        ask(pending_.back());
      }
      if (next != nobody && asked == waiting_.size()) ahead_.stage(reads_, passing_);
    };
    try {
      const auto asked_at = PaceMeter::Clock::now();
      double computed = 0;
      const auto compute = [&](View<const Ready> ready) {
        const auto begun = PaceMeter::Clock::now();
        f(ready);
        computed += std::chrono::duration<double>(PaceMeter::Clock::now() - begun).count();
      };
      for (Pending& one : pending_) {
        if (one.ticket == Reads::nothing) ask(one);
      }
      ask_more();
      if (!ready_.empty()) compute(ready_);
      while (next_ < pending_.size()) {
        if (cancel.stop_requested()) throw Stopped();
        const bool passes = next_ >= kept;
        const std::int64_t waits = timeline != nullptr ? timeline->now() : 0;
        reads_.wait(pending_[next_]);
        const Pending now = pending_[next_];
        if (timeline != nullptr) tell_arrived(*laps, now, waits);
        loaded_[now.slot] = !passes;
        (passes ? reads_.counts().bypassed : reads_.counts().fetched) += 1;
        const Ready one{now.part.member, now.slot};
        compute(View<const Ready>(&one, 1));
        ++next_;
        if (!passes) continue;
        passing_.push_back(now.slot);
        ask_more();
      }
      const std::chrono::duration<double> all = PaceMeter::Clock::now() - asked_at;
      ahead_.brought(all.count() - computed, pending_.size());
    } catch (...) {
      for (; next_ < pending_.size(); ++next_) {
        if (next_ >= kept) passing_.push_back(pending_[next_].slot);
        reads_.drop(pending_[next_]);
      }
      throw;
    }
  }

  /// A read was waited for. Of what was read ahead the beginning is not known.
  static void tell_arrived(observe::Laps& laps, const Pending& read, std::int64_t waits) {
    const std::int64_t there = laps.timeline()->now();
    laps.record(observe::SpanKind::wait, waits, there, read.part.member);
    if (read.asked > 0) laps.record(observe::SpanKind::copy, read.asked, there, read.part.member);
  }

  Policy policy_;
  Extent extent_;
  std::size_t kept_;                    ///< slots that the policy fills
  bool streams_;                        ///< there are none
  std::vector<std::size_t> slot_of_;    ///< by number, of residents
  std::vector<std::int32_t> layer_of_;  ///< (groups): of the model, as laps said last; -1: none did
  std::vector<std::uint8_t> loaded_;    ///< (slots): the read of its expert was completed
  std::vector<std::size_t> free_;       ///< slots that the policy may fill
  std::vector<std::size_t> passing_;    ///< free slots for experts that are not kept
  std::vector<PartId> step_;
  cache::Admission admission_;
  std::vector<Ready> ready_;
  std::vector<Pending> pending_;  ///< reads of a wave, in order
  std::size_t next_ = 0;          ///< of these, the next to wait for
  std::vector<PartId> waiting_;   ///< for a slot to pass through
  Reads reads_;
  ReadsAhead<Prefetcher, CarrierType> ahead_;
};

}  // namespace asterism::residency
