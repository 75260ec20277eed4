// Slots of fast memory in which the experts of a device take turns: a cache decides, and a carrier brings them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/parts.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/lookahead.hpp"
#include "asterism/prefetch/none.hpp"
#include "asterism/prefetch/veto.hpp"
#include "asterism/residency/carrier.hpp"
#include "asterism/residency/expert_homes.hpp"
#include "asterism/residency/fwd.hpp"
#include "asterism/residency/host_carrier.hpp"
#include "asterism/residency/pace.hpp"
#include "asterism/residency/slot_counts.hpp"
#include "asterism/residency/spill_header.hpp"
#include "asterism/residency/stopped.hpp"

namespace asterism::residency {

/// What a pass's routers say of a layer with experts.
struct Routed {
  std::int32_t group = 0;           ///< number among the layers with experts
  View<const std::int32_t> used;    ///< experts that the pass needs, ascending
  View<const float> probabilities;  ///< (experts): of several rows the greatest
  View<const float> next;           ///< (experts): the next layer's, guessed by its router, or empty
  prefetch::Phase phase = prefetch::Phase::decode;
};

/// Slots of one device, for the experts of some consecutive layers whose homes are elsewhere. `Policy` decides
/// who stays; a few slots are for experts that are not kept. What a pass needs is read once for each layer, however
/// many of its tokens want it. `Prefetcher` guesses what the next layer will lack; where the veto lets it, that is read
/// into slots that are free, behind what is needed now, until that layer's router speaks. Decisions of the cache follow
/// from the routing alone, never from guesses or the speed of reads. One pass at a time; after the first passes nothing
/// is allocated.
template <cache::Cache Policy, prefetch::Prefetch Prefetcher = prefetch::None, Carrier CarrierType = HostCarrier>
class Slots {
 public:
  static constexpr bool looks_ahead = !std::is_same_v<Prefetcher, prefetch::None>;
  /// Slots for experts that are not kept: two, so that one is read while another is computed. Those that are read ahead
  /// wait there too.
  static constexpr std::size_t passing_slots(std::int32_t top_k) {
    return looks_ahead && top_k > 2 ? static_cast<std::size_t>(top_k) : 2;
  }
  /// Slots are read into directly: their memory is aligned to it.
  static constexpr std::uint64_t alignment = slab_alignment;

  /// An expert in a slot.
  struct Ready {
    std::int32_t member = 0;
    std::size_t slot = 0;
  };

  /// The slots, and the layers that they are for.
  struct Extent {
    std::int32_t first_group = 0;  ///< among the layers with experts
    std::int32_t groups = 0;
    std::int32_t top_k = 0;  ///< experts of a token
    std::size_t slots = 0;   ///< passing_slots(top_k) + 1 at least

    /// As many as the cache fills.
    std::size_t kept(const SpillHeader& homes) const {
      const std::size_t passing = passing_slots(top_k);
      if (slots <= passing) {
        throw InvalidArgument(concat("experts take turns in ", slots, " slots, which is at least ", passing + 1));
      }
      const auto all = static_cast<std::size_t>(groups) * static_cast<std::size_t>(homes.experts);
      return std::min(all, slots - passing);
    }
    /// The parts of these layers, for a policy; and the bytes that it may fill. InvalidArgument for too few slots.
    cache::Parts parts(const SpillHeader& homes) const {
      return cache::Parts(groups, homes.experts, Bytes{homes.stride()});
    }
    Bytes capacity(const SpillHeader& homes) const { return {kept(homes) * homes.stride()}; }
    /// For a prefetcher.
    prefetch::Extent ahead(const SpillHeader& homes) const { return {.groups = groups, .members = homes.experts}; }
  };

  /// `memory`: extent.slots times the stride of `homes`, aligned; it must outlive this. `policy` was made for
  /// extent.parts and extent.capacity, and is empty; `prefetcher` for extent.ahead; `carrier` for the device and the
  /// homes. InvalidArgument otherwise, and for too few slots.
  Slots(Policy policy, Prefetcher prefetcher, std::unique_ptr<CarrierType> carrier,
        std::shared_ptr<const ExpertHomes> homes, const Extent& extent, const Pace& pace, std::byte* memory)
      : policy_(std::move(policy)),
        homes_(std::move(homes)),
        extent_(extent),
        memory_(memory),
        kept_(extent.kept(homes_->header())),
        slot_of_(static_cast<std::size_t>(extent.groups) * static_cast<std::size_t>(homes_->header().experts)),
        loaded_(extent.slots),
        carrier_(std::move(carrier)),
        lookahead_(std::move(prefetcher), extent.ahead(homes_->header()), extent.top_k,
                   prefetch::Veto(extent.top_k, pace.known() ? pace.layer_seconds : 1,
                                  pace.known() ? pace.read_seconds : 1, {.piece = piece()}),
                   cache::Valued<Policy>) {
    const auto experts_of_layer = static_cast<std::size_t>(homes_->header().experts);
    for (auto* slots : {&free_, &passing_}) slots->reserve(extent.slots);
    for (auto* parts : {&step_, &waiting_, &admission_.hits, &admission_.fetched, &admission_.bypassed}) {
      parts->reserve(experts_of_layer);
    }
    admission_.victims.reserve(kept_);
    ready_.reserve(experts_of_layer);
    pending_.reserve(experts_of_layer);
    staged_.reserve(extent.slots - kept_);
    carrier_->reserve(experts_of_layer + extent.slots - kept_);
    counts_.direct = homes_->file() != nullptr && homes_->file()->file().mode() == file::ReadMode::direct;
    counts_.looks_ahead = looks_ahead;
    pace_ = pace;
    for (std::size_t slot = extent.slots; slot-- > kept_;) passing_.push_back(slot);
    for (std::size_t slot = kept_; slot-- > 0;) free_.push_back(slot);
    for (std::size_t i = 0; i < slot_of_.size(); ++i) {
      const auto experts = static_cast<std::size_t>(homes_->header().experts);
      if (!policy_.contains({static_cast<std::int32_t>(i / experts), static_cast<std::int32_t>(i % experts)}))
        continue;
      throw InvalidArgument("a cache of experts that take turns says that some are there before any was read");
    }
    if (const Bytes most = extent.capacity(homes_->header()); policy_.capacity() > most) {
      throw InvalidArgument(concat("a cache of experts that take turns wants ", to_string(policy_.capacity()),
                                   ", there are slots for ", to_string(most)));
    }
  }

  /// A pass has routed a layer. Calls f(View<const Ready>) for the experts that it needs when they are ready, until
  /// each has been in one call: first for all that are in slots, then for each other one when it has been read. A
  /// slot may be another expert's after the call. Throws as the carrier's wait, what f throws, and Stopped where
  /// `cancel` was requested, after one read at most; then no read is under way, and the next pass may be tried.
  template <class F>
  void visit(const Routed& routed, F&& f, const std::stop_token& cancel = {}) {
    const std::int32_t local = routed.group - extent_.first_group;
    const View<const std::int32_t> used = routed.used;
    try {
      policy_.observe(local, used, routed.probabilities);
      step_.clear();
      // In waves, residents come first, before others can drive them out; else as a replay has it, in the members'
      // order.
      const bool one_wave = used.size <= kept_;
      for (const bool first : {true, false}) {
        for (const std::int32_t member : used) {
          if ((one_wave || policy_.contains({local, member})) == first) step_.push_back({local, member});
        }
      }
      counts_.uses += used.size;
      const View<const PartId> step(step_);
      if constexpr (looks_ahead) measure(routed.phase == prefetch::Phase::decode, local == 0);
      hear(routed, local, step.subview(0, std::min(kept_, step.size)));
      for (std::size_t first = 0; first < step.size; first += kept_) {
        const std::size_t count = std::min(kept_, step.size - first);
        run(step.subview(first, count), first + count == step.size ? next_of(local) : nobody, f, cancel);
      }
    } catch (...) {
      while (!staged_.empty()) give_up(0);
      throw;
    }
  }

  const Policy& policy() const { return policy_; }
  const ExpertHomes& homes() const { return *homes_; }
  const SlotCounts& counts() const { return counts_; }

 private:
  struct Pending {
    PartId part;
    std::size_t slot = 0;
    typename CarrierType::Ticket ticket = 0;
  };
  static constexpr std::int32_t nobody = -1;
  static constexpr typename CarrierType::Ticket nothing = 0;

  std::int32_t next_of(std::int32_t group) const { return group + 1 < extent_.groups ? group + 1 : 0; }

  /// A router has spoken: what was read ahead in vain is given up, before anything that is needed is asked for.
  void hear(const Routed& routed, std::int32_t group, View<const PartId> wave) {
    for (const PartId part : lookahead_.candidates()) {
      counts_.foretold += std::ranges::find(step_, part) != step_.end() ? 1 : 0;
    }
    lookahead_.observe({.group = group,
                        .phase = routed.phase,
                        .used = routed.used,
                        .probabilities = routed.probabilities,
                        .next = routed.next,
                        .next_used = {}});
    for (std::size_t i = staged_.size(); i-- > 0;) {
      if (std::ranges::find(wave, staged_[i].part) == wave.end()) give_up(i);
    }
  }

  /// Where nobody told the pace, it is that of the first tokens, in which nothing is read ahead; a carrier that does
  /// not wait can't be measured, and reads nothing ahead then.
  void measure(bool decodes, bool begins_pass) {
    if (pace_.known() || !CarrierType::waits) return;
    meter_.layer(counts_.seconds_waited, decodes && decodes_ && !begins_pass);
    decodes_ = decodes;
    pace_ = meter_.pace();
    if (pace_.known()) lookahead_.veto().set_times(pace_.layer_seconds, pace_.read_seconds);
  }

  /// Asks for the next layer's experts, into what slots are free.
  void stage() {
    if (!pace_.known()) return;
    for (const PartId part : lookahead_.worthwhile()) {
      if (passing_.empty()) return;
      if (std::ranges::find(staged_, part, &Pending::part) != staged_.end()) continue;
      staged_.push_back({part, take(passing_), nothing});
      ask(staged_.back());
    }
  }

  void give_up(std::size_t index) {
    const Pending gone = staged_[index];
    staged_.erase(staged_.begin() + static_cast<std::ptrdiff_t>(index));
    passing_.push_back(gone.slot);
    counts_.wasted += drop(gone) > 0 ? 1 : 0;
  }

  /// The read of a part that is under way ahead of its layer, which is no longer staged then.
  std::optional<Pending> staged(PartId part) {
    const auto found = std::ranges::find(staged_, part, &Pending::part);
    if (found == staged_.end()) return std::nullopt;
    const Pending out = *found;
    staged_.erase(found);
    ++counts_.read_ahead;
    return out;
  }

  /// A part of the step at most as large as what is kept; `next`: the group to look ahead to, or nobody.
  template <class F>
  void run(View<const PartId> wave, std::int32_t next, F&& f, const std::stop_token& cancel) {
    policy_.admit(wave, admission_);
    for (const PartId victim : admission_.victims) free_.push_back(slot_of_[number(victim)]);
    ready_.clear();
    pending_.clear();
    waiting_.clear();
    next_ = 0;
    // Whatever fails below, what stays has its slot already, and what has none is not taken for loaded.
    for (const PartId hit : admission_.hits) {
      const std::size_t slot = slot_of_[number(hit)];
      if (loaded_[slot]) {
        ready_.push_back({hit.member, slot});
      } else {
        pending_.push_back({hit, slot, nothing});  // its read was broken off
      }
    }
    counts_.hits += ready_.size();
    for (const PartId part : admission_.fetched) {
      const std::size_t slot = take(free_);
      if (const auto ahead = staged(part)) {  // its slot is kept, and the free one passes in its place
        pending_.push_back(*ahead);
        passing_.push_back(slot);
      } else {
        pending_.push_back({part, slot, nothing});
      }
      slot_of_[number(part)] = pending_.back().slot;
      loaded_[pending_.back().slot] = false;
    }
    const std::size_t kept = pending_.size();
    for (const PartId part : admission_.bypassed) {
      if (const auto ahead = staged(part)) {
        pending_.push_back(*ahead);
      } else {
        waiting_.push_back(part);
      }
    }
    if (next != nobody) lookahead_.predict(next, [&](PartId part) { return policy_.contains(part); });
    std::size_t asked = 0;
    const auto ask_more = [&] {
      while (asked < waiting_.size() && !passing_.empty()) {
        pending_.push_back({waiting_[asked++], take(passing_), nothing});
        ask(pending_.back());
      }
      if (next != nobody && asked == waiting_.size()) stage();
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
        if (one.ticket == nothing) ask(one);
      }
      ask_more();
      if (!ready_.empty()) compute(ready_);
      while (next_ < pending_.size()) {
        if (cancel.stop_requested()) throw Stopped();
        const bool passes = next_ >= kept;
        const Pending now = wait(pending_[next_]);
        loaded_[now.slot] = !passes;
        counts_.fetched += passes ? 0 : 1;
        counts_.bypassed += passes ? 1 : 0;
        const Ready one{now.part.member, now.slot};
        compute(View<const Ready>(&one, 1));
        ++next_;
        if (!passes) continue;
        passing_.push_back(now.slot);
        ask_more();
      }
      if (looks_ahead && !pace_.known() && decodes_ && !pending_.empty()) {
        const std::chrono::duration<double> all = PaceMeter::Clock::now() - asked_at;
        meter_.brought(all.count() - computed, pending_.size());
      }
    } catch (...) {
      for (; next_ < pending_.size(); ++next_) {
        if (next_ >= kept) passing_.push_back(pending_[next_].slot);
        drop(pending_[next_]);
      }
      throw;
    }
  }

  static std::size_t take(std::vector<std::size_t>& slots) {
    const std::size_t slot = slots.back();
    slots.pop_back();
    return slot;
  }
  void ask(Pending& pending) { pending.ticket = carrier_->ask(in_file(pending.part), view(pending.slot)); }
  /// Gives up what was asked for; returns the bytes that came all the same.
  std::size_t drop(const Pending& pending) {
    if (pending.ticket == nothing) return 0;
    const std::size_t bytes = carrier_->cancel(pending.ticket);
    counted(in_file(pending.part)) += bytes;
    return bytes;
  }

  /// The read has ended, also where it failed.
  Pending wait(Pending& pending) {
    const auto begun = std::chrono::steady_clock::now();
    carrier_->wait(std::exchange(pending.ticket, nothing));
    counts_.seconds_waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    counted(in_file(pending.part)) += homes_->header().stride();
    return pending;
  }

  /// Bytes that come from where the expert waits.
  std::uint64_t& counted(PartId home) { return homes_->in_memory(home.group) ? counts_.copied : counts_.bytes; }

  std::size_t number(PartId part) const { return static_cast<std::size_t>(homes_->header().number(part)); }
  PartId in_file(PartId part) const { return {part.group + extent_.first_group, part.member}; }
  View<std::byte> view(std::size_t slot) const {
    const auto bytes = static_cast<std::size_t>(homes_->header().stride());
    return {memory_ + slot * bytes, bytes};
  }

  /// The part of a slab that is brought in vain before a more urgent one begins.
  float piece() const {
    const auto bytes = static_cast<double>(carrier_->piece());
    return static_cast<float>(std::min(1.0, bytes / static_cast<double>(homes_->header().stride())));
  }

  Policy policy_;
  std::shared_ptr<const ExpertHomes> homes_;
  Extent extent_;
  Pace pace_;
  PaceMeter meter_;
  bool decodes_ = false;  ///< the pass before this one did
  std::byte* memory_;
  std::size_t kept_;                  ///< slots that the policy fills
  std::vector<std::size_t> slot_of_;  ///< by number, of residents
  std::vector<std::uint8_t> loaded_;  ///< (slots): the read of its expert was completed
  std::vector<std::size_t> free_;     ///< slots that the policy may fill
  std::vector<std::size_t> passing_;  ///< free slots for experts that are not kept
  std::vector<PartId> step_;
  cache::Admission admission_;
  std::vector<Ready> ready_;
  std::vector<Pending> pending_;  ///< reads of a wave, in order
  std::size_t next_ = 0;          ///< of these, the next to wait for
  std::vector<PartId> waiting_;   ///< for a slot to pass through
  std::vector<Pending> staged_;   ///< reads ahead of their layer
  SlotCounts counts_;
  std::unique_ptr<CarrierType> carrier_;
  prefetch::Lookahead<Prefetcher> lookahead_;
};

}  // namespace asterism::residency
