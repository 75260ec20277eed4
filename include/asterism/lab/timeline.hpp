// What happened in a replay in simulated time, and when.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/simulated_time.hpp"

namespace asterism::lab {

/// What a stretch of a replay's time goes to.
enum class Activity : std::uint8_t {
  expert,  ///< an expert is computed
  rest,    ///< what else a layer has is computed
  wait,    ///< nothing is computed: a copy has not arrived
  demand,  ///< the link copies what a layer has asked for
  ahead    ///< the link copies what was predicted
};

/// Where an expert was when its layer's router chose it.
enum class Found : std::uint8_t {
  resident,  ///< in the cache
  ahead,     ///< copied for a prediction, or on its way
  missing    ///< in slow memory
};

/// A stretch of time. Those of `expert`, `rest` and `wait` follow each other without a gap, those of `demand` and
/// `ahead` never overlap: there is one link.
struct TimelineEvent {
  Activity activity = Activity::expert;
  Found found = Found::resident;  ///< of the part; `ahead` for what is copied ahead
  bool used = true;               ///< false: a copy ahead that its layer did not use
  PartId part{};                  ///< what is computed, awaited or copied; member -1 for `rest`
  std::uint64_t token = 0;        ///< whose layer it is, from 0, counted through all sequences
  double begin = 0;               ///< seconds since the replay began
  double end = 0;                 ///< >= begin; a copy ahead ends when it is complete or dropped

  friend bool operator==(const TimelineEvent&, const TimelineEvent&) = default;
};

/// Records nothing, at no cost.
struct Unrecorded {
  void operator()(const TimelineEvent&) const {}
};

/// Records the events of the last tokens of a replay: hand it to `timed_replay`. Memory: 48 bytes an event; a token has
/// about three for each expert that it uses. Not thread-safe.
class Timeline {
 public:
  /// Keeps the events of the last `tokens` tokens.
  explicit Timeline(std::size_t tokens) : tokens_(tokens) {}

  void operator()(const TimelineEvent& event) {
    while (!events_.empty() && events_.front().token + tokens_ <= event.token) events_.pop_front();
    if (tokens_ > 0) events_.push_back(event);
  }

  /// In the order in which they became known: that of tokens and layers; a copy ahead comes with the layer that it is
  /// for.
  const std::deque<TimelineEvent>& events() const { return events_; }

 private:
  std::size_t tokens_;
  std::deque<TimelineEvent> events_;
};

namespace detail {

/// Whose the parts are that SimulatedTime counts, in one layer of one token.
class LayerParts {
 public:
  void begin(View<const PartId> hits, std::uint64_t token) {
    token_ = token;
    ready_.clear();
    copies_.clear();
    for (const PartId part : hits) ready_.push_back({part, Found::resident});
  }

  /// A copy that began for a prediction: [begin, end), unless the layer uses it and it is on its way still.
  template <class Record>
  void ahead(PartId part, bool used, double lacking, double begin, double end, Record& record) {
    if (used) (lacking > 0 ? copies_ : ready_).push_back({part, Found::ahead, begin});
    if (used && lacking > 0) return;
    record(TimelineEvent{Activity::ahead, Found::ahead, used, part, token_, begin, end});
  }

  /// What the layer lacks: those of `lacked` that are not here yet.
  void missing(View<const PartId> lacked) {
    for (const PartId part : lacked) {
      const auto is_same = [&](const Part& one) { return one.part == part; };
      if (std::ranges::none_of(ready_, is_same) && std::ranges::none_of(copies_, is_same)) {
        copies_.push_back({part, Found::missing});
      }
    }
  }

  /// Hands on what SimulatedTime tells.
  template <class Record>
  auto teller(std::int32_t group, Record& record) const {
    return [this, group, &record](Stretch stretch, std::size_t index, double begin, double end) {
      TimelineEvent event{.token = token_, .begin = begin, .end = end};
      if (stretch == Stretch::rest) {
        event.activity = Activity::rest;
        event.part = {group, -1};
      } else {
        const bool is_ready = stretch == Stretch::expert && index < ready_.size();
        if (stretch == Stretch::expert && !is_ready) index -= ready_.size();
        const Part& one = (is_ready ? ready_ : copies_)[index];
        event.part = one.part;
        event.found = one.found;
        if (stretch == Stretch::wait) event.activity = Activity::wait;
        if (stretch == Stretch::copy) {
          event.activity = one.found == Found::ahead ? Activity::ahead : Activity::demand;
          if (one.found == Found::ahead) event.begin = one.begun;
        }
      }
      record(event);
    };
  }

 private:
  struct Part {
    PartId part;
    Found found;
    double begun = 0;  ///< of what is on its way: when
  };

  std::uint64_t token_ = 0;
  std::vector<Part> ready_;
  std::vector<Part> copies_;  ///< what is on its way first
};

}  // namespace detail

}  // namespace asterism::lab
