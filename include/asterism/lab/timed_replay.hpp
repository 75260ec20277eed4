// A routing trace in simulated time: a cache, a prefetcher and a link, and the tokens per second that come of it.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/replay.hpp"
#include "asterism/lab/routing_trace.hpp"
#include "asterism/lab/simulated_time.hpp"
#include "asterism/lab/timeline.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/confidence.hpp"
#include "asterism/prefetch/lookahead.hpp"
#include "asterism/prefetch/rank.hpp"
#include "asterism/prefetch/veto.hpp"

namespace asterism::lab {

/// Who says how many predicted parts are copied.
enum class CopyRule : std::uint8_t {
  veto,        ///< prefetch::Veto: where it pays
  confidence,  ///< prefetch::parts_to_copy
  always       ///< as many as the veto would let through at most
};

struct TimedOptions {
  CopyRule rule = CopyRule::veto;
  prefetch::VetoOptions veto{};  ///< its piece follows from the times
  bool pre_gated = false;        ///< hand the prefetcher each next layer's choice, as a pre-gated model would
};

/// What a replay in simulated time counted. Parts that are predicted are counted where they are not resident.
struct TimedCounts {
  ReplayCounts cache;  ///< of the cache; its bytes are those of all copies, of predicted parts too
  std::uint64_t tokens = 0;
  double seconds = 0;                       ///< simulated
  double resident_seconds = 0;              ///< with everything resident
  double limit_seconds = 0;                 ///< with these hits, if computation and copies overlapped perfectly
  std::uint64_t missed = 0;                 ///< parts that steps needed and that were not resident
  std::uint64_t predicted = 0;              ///< of them among the top_k best predictions
  std::uint64_t copied = 0;                 ///< copies that began for a prediction
  std::uint64_t wasted = 0;                 ///< of them for parts that were not used
  std::vector<std::uint64_t> missed_in;     ///< (groups): missed
  std::vector<std::uint64_t> predicted_in;  ///< (groups): predicted

  double tokens_per_second() const { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }
  /// In [0, 1]: speed as a share of that with everything resident, and of the limit.
  double of_resident() const { return seconds > 0 ? resident_seconds / seconds : 0; }
  double of_limit() const { return seconds > 0 ? limit_seconds / seconds : 0; }
  /// Copies that a layer had to ask for: of what it missed, all but what was on its way.
  std::uint64_t demanded() const { return missed - (copied - wasted); }
  /// In [0, 1]: the share of the time in which nothing was computed, as a copy had not arrived.
  double waiting() const { return seconds > 0 ? std::max(0.0, 1 - of_resident()) : 0; }
  double recall() const { return missed > 0 ? static_cast<double>(predicted) / static_cast<double>(missed) : 0; }
};

/// Replays the trace token by token, see `replay`, in time: the parts that a layer lacks are copied over one link, and
/// behind them those that are predicted for the next layer. Besides the cache there are top_k step slots: what is
/// bypassed is computed from them, and what is predicted waits in those that are free until the next router has spoken.
/// So a prediction evicts nothing, and for a cache that knows values the veto weighs it against a victim of value 0;
/// for others it says what may be staged. The cache and the prefetcher go on from the states that they have;
/// bytes_of(part) is the size of a part. record(event) is told what happens when, see `Timeline`; without it nothing is
/// recorded, at no cost. Throws what they throw, and InvalidArgument for times or options out of range.
template <cache::Cache C, prefetch::Prefetch P, class BytesOf,
          std::invocable<const TimelineEvent&> Record = Unrecorded>
TimedCounts timed_replay(const RoutingTrace& trace, C& cache, P& prefetcher, const BytesOf& bytes_of,
                         const StepTimes& times, const TimedOptions& options = {}, Record&& record = {}) {
  constexpr bool records = !std::same_as<std::remove_cvref_t<Record>, Unrecorded>;
  const RoutingSizes& sizes = trace.sizes();
  TimedCounts out;
  out.missed_in.resize(static_cast<std::size_t>(sizes.layers));
  out.predicted_in.resize(static_cast<std::size_t>(sizes.layers));
  SimulatedTime time(times);
  prefetch::VetoOptions veto_options = options.veto;
  veto_options.piece = 1 / static_cast<float>(times.pieces);
  prefetch::Lookahead<P&> ahead(prefetcher, {.groups = sizes.layers, .members = sizes.experts}, sizes.top_k,
                                prefetch::Veto(sizes.top_k, times.layer_seconds, times.copy_seconds, veto_options),
                                cache::Valued<C>);
  std::size_t queued = 0;  // the first of the candidates, which the link copies
  prefetch::Confidence confidence;
  cache::Admission admission;
  std::vector<double> copies;
  std::vector<float> shares(static_cast<std::size_t>(sizes.experts));
  std::vector<std::int32_t> next_used;
  [[maybe_unused]] detail::LayerParts told;

  for_each_group_use(trace, [&](const GroupUse& use) {
    const auto group = static_cast<std::size_t>(use.group);
    cache.observe(use.group, use.used, use.probabilities);
    cache.admit(use.step, admission);
    count(admission, bytes_of, out.cache);

    // What was predicted, of what is missing.
    const bool expected = ahead.group() == use.group;
    const View<const PartId> candidates = ahead.candidates();
    const auto is_used = [&](PartId part) {
      return std::binary_search(use.used.begin(), use.used.end(), part.member);
    };
    copies.clear();
    if constexpr (records) told.begin(admission.hits, use.group == 0 ? out.tokens : out.tokens - 1);
    std::size_t arrived = 0;
    std::size_t predicted = 0;
    double busy = 0;
    for (std::size_t i = 0; expected && i < candidates.size; ++i) {
      const bool used = is_used(candidates[i]);
      predicted += used ? 1 : 0;
      if (i >= queued) continue;
      const double lacking = time.lacking(i);
      const bool begun = lacking < times.copy_seconds;
      out.copied += begun ? 1 : 0;
      if constexpr (records) {
        if (begun) {
          const double begin = time.begin_of(i);
          const double arrival = begin + times.copy_seconds;
          const double end = lacking <= 0 ? arrival : time.now() + time.piece_left(i);
          told.ahead(candidates[i], used, lacking, begin, end, record);
        }
      }
      if (used && begun && lacking > 0) copies.push_back(lacking);
      if (used && lacking <= 0) ++arrived;
      if (!used && begun) {
        ++out.wasted;
        busy += time.piece_left(i);
        const double part = 1 - lacking / times.copy_seconds;
        out.cache.bytes +=
            Bytes{static_cast<std::uint64_t>(part * static_cast<double>(bytes_of(candidates[i]).count))};
      }
    }
    const std::size_t missing = admission.fetched.size() + admission.bypassed.size();
    out.missed += missing;
    out.missed_in[group] += missing;
    out.predicted += predicted;
    out.predicted_in[group] += predicted;
    copies.resize(missing - arrived, times.copy_seconds);
    if constexpr (records) {
      told.missing(admission.fetched);
      told.missing(admission.bypassed);
      time.layer(admission.hits.size() + arrived, copies, busy, told.teller(use.group, record));
    } else {
      time.layer(admission.hits.size() + arrived, copies, busy);
    }
    if (use.group == 0) ++out.tokens;

    // What comes next.
    const bool last = use.group + 1 == sizes.layers;
    next_used.clear();
    if (options.pre_gated && !last) {
      for (const observe::Choice& choice : trace.at(use.sequence, use.token, use.group + 1)) {
        next_used.push_back(choice.expert);
      }
      std::sort(next_used.begin(), next_used.end());
    }
    if (expected) confidence.came_true(prefetch::accuracy(shares, use.used));
    ahead.observe({.group = use.group,
                   .sequence = static_cast<std::int32_t>(use.sequence),
                   .phase = use.prompt ? prefetch::Phase::prompt : prefetch::Phase::decode,
                   .used = use.used,
                   .probabilities = use.probabilities,
                   .next = trace.guess(use.sequence, use.token, use.group),
                   .next_used = next_used});
    ahead.predict(last ? 0 : use.group + 1, [&](PartId part) { return cache.contains(part); });
    std::fill(shares.begin(), shares.end(), 0.0F);
    for (const prefetch::Prediction& one : ahead.predictions()) {
      shares[static_cast<std::size_t>(one.part.member)] = one.probability;
    }
    confidence.predicted(ahead.predictions().empty() ? View<const float>() : View<const float>(shares));
    queued = std::min({ahead.candidates().size, ahead.most_copies(),
                       static_cast<std::size_t>(sizes.top_k) - admission.bypassed.size()});
    if (options.rule == CopyRule::confidence) {
      const auto most = static_cast<std::int32_t>(ahead.most_copies());
      queued = std::min(queued, static_cast<std::size_t>(prefetch::parts_to_copy(most, confidence.value())));
    } else if (options.rule == CopyRule::veto) {
      queued = std::min(queued, ahead.worthwhile().size);
    }
  });
  out.seconds = time.now();
  const double steps = static_cast<double>(out.tokens) * static_cast<double>(sizes.layers);
  out.resident_seconds = steps * times.layer_seconds;
  out.limit_seconds = std::max(out.resident_seconds, static_cast<double>(out.missed) * times.copy_seconds);
  return out;
}

}  // namespace asterism::lab
