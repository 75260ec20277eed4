// What a run's time goes to, span by span: for a look at passes, copies and waits while a model answers.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string_view>
#include <vector>

namespace asterism::observe {

/// What a span of time goes to. Those from `embed` to `hand_over` follow each other without a gap in their pass.
enum class SpanKind : std::uint8_t {
  pass,       ///< a pass of the network, and the drawing of tokens that follows
  embed,      ///< token ids become rows
  attention,  ///< a layer's norm and mixer
  experts,    ///< its norm, router and experts, or its dense block
  head,       ///< final norm and logits
  sample,     ///< what the caller does with the logits: draws, text, stopping
  hand_over,  ///< rows go to the next device
  wait,       ///< an expert has not arrived: in `experts`
  copy,       ///< an expert is on its way, from when it was asked for until it is used at the earliest
  evict       ///< an expert leaves its slot: no length
};

constexpr std::string_view name_of(SpanKind kind) {
  constexpr std::string_view names[] = {"pass",   "embed",     "attention", "experts", "head",
                                        "sample", "hand-over", "wait",      "copy",    "evict"};
  return names[static_cast<std::size_t>(kind)];
}

/// A stretch of time, in nanoseconds of the timeline's clock.
struct Span {
  SpanKind kind = SpanKind::pass;
  std::int32_t device = 0;
  std::int32_t layer = -1;   ///< of the model; -1: none
  std::int32_t expert = -1;  ///< of `wait`, `copy` and `evict`
  std::int32_t rows = 0;     ///< tokens of the pass
  std::int64_t begin = 0;
  std::int64_t end = 0;  ///< >= begin

  friend constexpr bool operator==(const Span&, const Span&) = default;
};

/// The last spans of a run, a fixed number of them. On a GPU spans are the host's, which does not wait for it.
/// Allocates when it is constructed and in `spans` alone. Thread-safe.
class Timeline {
 public:
  /// Nanoseconds since some moment, never less than before.
  using Clock = std::int64_t (*)();

  static std::int64_t steady_nanoseconds() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  /// Keeps the last `capacity` spans, > 0, of 40 bytes each.
  explicit Timeline(std::size_t capacity, Clock clock = steady_nanoseconds) : ring_(capacity), clock_(clock) {}

  std::int64_t now() const { return clock_(); }

  void record(const Span& span) {
    const std::scoped_lock lock(mutex_);
    ring_[recorded_++ % ring_.size()] = span;
  }

  /// Spans that are kept, from the newest back to the first that ended before `since`, which is not among them; in the
  /// order in which they ended, but for copies, which are told when they are used.
  std::vector<Span> spans(std::int64_t since = std::numeric_limits<std::int64_t>::min()) const {
    std::vector<Span> out;
    out.reserve(ring_.size());  // record() waits for what follows
    const std::scoped_lock lock(mutex_);
    const std::size_t oldest = recorded_ - std::min(recorded_, ring_.size());
    std::size_t first = recorded_;
    while (first > oldest && ring_[(first - 1) % ring_.size()].end >= since) --first;
    while (first < recorded_) {
      const std::size_t at = first % ring_.size();
      const std::size_t count = std::min(recorded_ - first, ring_.size() - at);
      const auto begin = ring_.begin() + static_cast<std::ptrdiff_t>(at);
      out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
      first += count;
    }
    return out;
  }

  /// Spans so far, those that are no longer kept included.
  std::size_t recorded() const {
    const std::scoped_lock lock(mutex_);
    return recorded_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Span> ring_;
  std::size_t recorded_ = 0;
  Clock clock_;
};

/// Cuts a pass into spans that follow each other without a gap, from construction to destruction. Does nothing where
/// there is no timeline. One thread at a time.
class Laps {
 public:
  /// `timeline` may be null. `rows`: tokens of the pass.
  Laps(Timeline* timeline, std::size_t rows)
      : timeline_(timeline),
        rows_(static_cast<std::int32_t>(rows)),
        begun_(timeline != nullptr ? timeline->now() : 0),
        last_(begun_) {}
  Laps(const Laps&) = delete;
  Laps& operator=(const Laps&) = delete;
  ~Laps() {
    if (timeline_ == nullptr) return;
    place(0, -1);
    record(SpanKind::pass, begun_, timeline_->now());
  }

  /// Null where nobody listens.
  Timeline* timeline() const { return timeline_; }
  /// Of the model, where it was placed last; -1: none.
  std::int32_t layer() const { return layer_; }

  /// Where what follows happens.
  void place(std::size_t device, std::int32_t layer) {
    device_ = static_cast<std::int32_t>(device);
    layer_ = layer;
  }
  /// Since the last lap the pass did this.
  void lap(SpanKind kind) {
    if (timeline_ == nullptr) return;
    const std::int64_t now = timeline_->now();
    record(kind, last_, now);
    last_ = now;
  }
  /// Something that happens beside: a span within a lap, or across some. There is a timeline.
  void record(SpanKind kind, std::int64_t begin, std::int64_t end, std::int32_t expert = -1) {
    record(kind, begin, end, expert, layer_);
  }
  /// The same of another layer than the one that runs.
  void record(SpanKind kind, std::int64_t begin, std::int64_t end, std::int32_t expert, std::int32_t layer) {
    timeline_->record({.kind = kind,
                       .device = device_,
                       .layer = layer,
                       .expert = expert,
                       .rows = rows_,
                       .begin = begin,
                       .end = end});
  }

 private:
  Timeline* timeline_;
  std::int32_t rows_;
  std::int32_t device_ = 0;
  std::int32_t layer_ = -1;
  std::int64_t begun_;
  std::int64_t last_;
};

}  // namespace asterism::observe
