// Reads that begin before their layer's router has spoken.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/lookahead.hpp"
#include "asterism/prefetch/none.hpp"
#include "asterism/prefetch/veto.hpp"
#include "asterism/residency/carrier.hpp"
#include "asterism/residency/pace.hpp"
#include "asterism/residency/routed.hpp"
#include "asterism/residency/slab_reads.hpp"

namespace asterism::residency {

/// What `Prefetcher` guesses that the next layer will lack, of which what pays is read into slots that are free; it
/// waits there until that layer's router speaks. Slots come from the list `passing` and go back to it. Does not
/// allocate unless it hears of more sequences than ever before. Not thread-safe.
template <prefetch::Prefetch Prefetcher, Carrier CarrierType>
class ReadsAhead {
 public:
  static constexpr bool looks_ahead = !std::is_same_v<Prefetcher, prefetch::None>;
  using Reads = SlabReads<CarrierType>;
  using Read = typename Reads::Read;

  /// At most `slots` are read ahead, a token's `top_k` and what `pace` makes worth it. `values_known`: see
  /// prefetch::Lookahead. `piece`: see SlabReads::piece.
  ReadsAhead(Prefetcher prefetcher, const prefetch::Extent& extent, std::int32_t top_k, std::size_t slots,
             const Pace& pace, bool values_known, float piece)
      : pace_(pace),
        lookahead_(std::move(prefetcher), extent, top_k,
                   prefetch::Veto(top_k, pace.known() ? pace.layer_seconds : 1,
                                  pace.known() ? pace.read_seconds : 1, {.piece = piece}),
                   values_known) {
    staged_.reserve(slots);
    heard_.reserve(1);
  }

  /// A router has spoken for `group` and the parts of `step`: what was wrongly read ahead is given up, before anything
  /// that is needed is asked for. `wave`: the parts of the step that are computed first.
  void hear(const Routed& routed, std::int32_t group, View<const PartId> step, View<const PartId> wave,
            Reads& reads, std::vector<std::size_t>& passing) {
    for (const PartId part : lookahead_.candidates()) {
      reads.counts().predicted += std::ranges::find(step, part) != step.end() ? 1 : 0;
    }
    heard_.clear();
    for (const prefetch::Routing& one : routed.sequences) {
      heard_.push_back(one);
      heard_.back().group = group;
    }
    if (heard_.empty()) {
      heard_.push_back({.group = group,
                        .phase = routed.phase,
                        .used = routed.used,
                        .probabilities = routed.probabilities,
                        .next = {},
                        .next_used = {}});
    }
    lookahead_.observe(heard_, routed.used);
    for (std::size_t i = staged_.size(); i-- > 0;) {
      if (std::ranges::find(wave, staged_[i].part) == wave.end()) give_up(i, reads, passing);
    }
  }

  /// Guesses what `group` will use; is_resident(part) says what need not be read.
  template <class IsResident>
  void predict(std::int32_t group, const IsResident& is_resident) {
    lookahead_.predict(group, is_resident);
  }

  /// Asks for what was guessed and pays, into what slots are free.
  void stage(Reads& reads, std::vector<std::size_t>& passing) {
    if (!pace_.known()) return;
    for (const PartId part : lookahead_.worthwhile()) {
      if (passing.empty()) return;
      if (std::ranges::find(staged_, part, &Read::part) != staged_.end()) continue;
      staged_.push_back({part, take_slot(passing)});
      reads.ask(staged_.back());
    }
  }

  /// The read of a part that is under way ahead of its layer, which is the caller's then.
  std::optional<Read> take(PartId part, Reads& reads) {
    const auto found = std::ranges::find(staged_, part, &Read::part);
    if (found == staged_.end()) return std::nullopt;
    Read out = *found;
    out.ahead = true;
    staged_.erase(found);
    ++reads.counts().read_ahead;
    return out;
  }

  void give_up_all(Reads& reads, std::vector<std::size_t>& passing) {
    while (!staged_.empty()) give_up(0, reads, passing);
  }

  /// A layer begins. Where nobody told the pace, it is that of the first tokens, in which nothing is read ahead; a
  /// carrier that does not wait can't be measured, and reads nothing ahead then.
  void measure(bool decodes, bool begins_pass, double seconds_waited) {
    if (!looks_ahead || pace_.known() || !CarrierType::waits) return;
    meter_.layer(seconds_waited, decodes && decodes_ && !begins_pass);
    decodes_ = decodes;
    pace_ = meter_.pace();
    if (pace_.known()) lookahead_.veto().set_times(pace_.layer_seconds, pace_.read_seconds);
  }
  /// So many experts of a layer have come in so many seconds.
  void brought(double seconds, std::size_t count) {
    if (looks_ahead && !pace_.known() && decodes_ && count > 0) meter_.brought(seconds, count);
  }

 private:
  void give_up(std::size_t index, Reads& reads, std::vector<std::size_t>& passing) {
    const Read gone = staged_[index];
    staged_.erase(staged_.begin() + static_cast<std::ptrdiff_t>(index));
    passing.push_back(gone.slot);
    reads.counts().wasted += reads.drop(gone) > 0 ? 1 : 0;
  }

  Pace pace_;
  PaceMeter meter_;
  bool decodes_ = false;  ///< the pass before this one did
  std::vector<Read> staged_;
  std::vector<prefetch::Routing> heard_;  ///< by sequence
  prefetch::Lookahead<Prefetcher> lookahead_;
};

}  // namespace asterism::residency
