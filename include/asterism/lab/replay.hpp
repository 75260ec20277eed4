// A routing trace against a cache: how many of the experts that tokens ask for are resident.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/routing_trace.hpp"

namespace asterism::lab {

/// What one pass asks of one group, and what a trace knows of the router's probabilities.
struct GroupUse {
  std::size_t sequence = 0;          ///< of the trace
  std::size_t token = 0;             ///< of the sequence
  bool prompt = false;               ///< the token belongs to the sequence's prompt
  std::int32_t group = 0;            ///< the layer, counted among those that have experts
  std::vector<std::int32_t> used;    ///< distinct members, ascending
  std::vector<PartId> step;          ///< the same, as parts
  std::vector<float> probabilities;  ///< (members)
};

/// Calls visit(use) for each group of each pass of a trace: every token of every sequence is a pass, in the trace's
/// order. Where the trace has the probabilities of chosen experts alone, what is left of 1 is shared equally by the
/// others. It is the same object each time, and holds what it has until visit returns.
template <class Visit>
void for_each_group_use(const RoutingTrace& trace, const Visit& visit) {
  const RoutingSizes& sizes = trace.sizes();
  const auto members = static_cast<std::size_t>(sizes.experts);
  GroupUse use;
  for (use.sequence = 0; use.sequence < trace.sequences().size(); ++use.sequence) {
    const RoutedSequence& sequence = trace.sequences()[use.sequence];
    for (use.token = 0; use.token < sequence.tokens.size(); ++use.token) {
      use.prompt = use.token < sequence.prompt_tokens;
      for (use.group = 0; use.group < sizes.layers; ++use.group) {
        const View<const observe::Choice> choices = trace.at(use.sequence, use.token, use.group);
        float rest = 1;
        use.used.clear();
        for (const observe::Choice& choice : choices) {
          use.used.push_back(choice.expert);
          rest -= choice.probability;
        }
        const std::size_t others = members - choices.size;
        const float each = others == 0 ? 0 : std::max(rest, 0.0F) / static_cast<float>(others);
        use.probabilities.assign(members, each);
        for (const observe::Choice& choice : choices) {
          use.probabilities[static_cast<std::size_t>(choice.expert)] = choice.probability;
        }
        const View<const float> all = trace.probabilities(use.sequence, use.token, use.group);
        std::copy(all.begin(), all.end(), use.probabilities.begin());
        std::sort(use.used.begin(), use.used.end());
        use.step.clear();
        for (const std::int32_t member : use.used) use.step.push_back({use.group, member});
        visit(use);
      }
    }
  }
}

/// What a replay counted. Every access is a hit, a fetch or bypassed.
struct ReplayCounts {
  std::uint64_t accesses = 0;  ///< parts that steps needed
  std::uint64_t hits = 0;      ///< of them resident before their step was admitted
  std::uint64_t fetches = 0;   ///< copied into the cache
  std::uint64_t bypassed = 0;  ///< copied into a step slot
  std::uint64_t victims = 0;   ///< parts that left the cache
  Bytes bytes{};               ///< copied: of fetches and of what was bypassed

  double hit_rate() const { return accesses == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(accesses); }

  friend bool operator==(const ReplayCounts&, const ReplayCounts&) = default;
};

/// Adds what an admission says; bytes_of(part) is the size of a part.
template <class BytesOf>
void count(const cache::Admission& admission, const BytesOf& bytes_of, ReplayCounts& counts) {
  counts.hits += admission.hits.size();
  counts.fetches += admission.fetched.size();
  counts.bypassed += admission.bypassed.size();
  counts.victims += admission.victims.size();
  counts.accesses += admission.hits.size() + admission.fetched.size() + admission.bypassed.size();
  for (const PartId part : admission.fetched) counts.bytes += bytes_of(part);
  for (const PartId part : admission.bypassed) counts.bytes += bytes_of(part);
}

/// Replays the trace token by token: each token is a pass; for each layer the cache observes, then admits. The cache
/// goes on from the state that it has. It counts, and knows nothing of time. bytes_of(part) is the size of a part.
/// Throws what the cache throws.
template <cache::Cache C, class BytesOf>
ReplayCounts replay(const RoutingTrace& trace, C& cache, const BytesOf& bytes_of) {
  ReplayCounts counts;
  cache::Admission admission;
  for_each_group_use(trace, [&](const GroupUse& use) {
    cache.observe(use.group, use.used, use.probabilities);
    cache.admit(use.step, admission);
    count(admission, bytes_of, counts);
  });
  return counts;
}

}  // namespace asterism::lab
