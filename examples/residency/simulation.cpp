#include "simulation.hpp"

#include <algorithm>
#include <asterism/cache/arc.hpp>
#include <asterism/cache/decayed_use.hpp>
#include <asterism/cache/hazard.hpp>
#include <asterism/cache/least_frequent.hpp>
#include <asterism/cache/least_recent.hpp>
#include <asterism/cache/s3_fifo.hpp>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/prefetch/mixture.hpp>
#include <asterism/prefetch/none.hpp>
#include <asterism/prefetch/pre_gated.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "../support/command_line.hpp"

namespace example {

namespace {

/// Caches without bypass keep what a step needs: refuses those that have no room for it, by the option that says so.
void check_room(const lab::RoutingSizes& sizes, const CacheChoice& choice) {
  const bool lets_pass =
      choice.name == "hazard" || choice.name == "least_frequent" || choice.name == "decayed_use";
  if (lets_pass || choice.slots >= static_cast<std::uint64_t>(sizes.top_k)) return;
  const double all = static_cast<double>(sizes.layers) * static_cast<double>(sizes.experts);
  const double least = std::ceil(1e4 * static_cast<double>(sizes.top_k) / all) / 100;
  throw OptionError(concat("--residency leaves ", choice.slots, " of ", fixed(all, 0), " experts, and the cache ",
                           choice.name, " has to hold the ", sizes.top_k, " of a token: give ", fixed(least, 2),
                           " or more, or caches that let experts pass: hazard, least_frequent, decayed_use"));
}

/// Calls f(cache) with the cache of that name.
template <class F>
auto with_cache(const lab::RoutingSizes& sizes, const CacheChoice& choice, const F& f) {
  check_room(sizes, choice);
  const cache::Parts parts(sizes.layers, sizes.experts, choice.expert_bytes);
  const Bytes capacity = choice.expert_bytes * choice.slots;
  const auto made = [&](auto cache) { return f(cache); };
  if (choice.name == "hazard") return made(cache::Hazard(parts, capacity));
  if (choice.name == "least_recent") return made(cache::LeastRecent(parts, capacity));
  if (choice.name == "least_frequent") return made(cache::LeastFrequent(parts, capacity, {.bypass = true}));
  if (choice.name == "decayed_use") return made(cache::DecayedUse(parts, capacity, {.bypass = true}));
  if (choice.name == "s3_fifo") return made(cache::S3Fifo(parts, capacity));
  if (choice.name == "arc") return made(cache::Arc(parts, capacity));
  throw InvalidArgument(concat("no cache is called '", choice.name, "'"));
}

/// Calls f(prefetcher) with the prefetcher of that name.
template <class F>
auto with_prefetcher(const lab::RoutingSizes& sizes, const std::string& name, const F& f) {
  const prefetch::Extent extent{.groups = sizes.layers, .members = sizes.experts};
  const auto made = [&](auto prefetcher) { return f(prefetcher); };
  if (name == "none") return made(prefetch::None());
  if (name == "previous_layer") return made(prefetch::PreviousLayer(extent));
  if (name == "multi_layer") return made(prefetch::MultiLayer(extent));
  if (name == "pattern") return made(prefetch::Pattern(extent));
  if (name == "learned") return made(prefetch::Learned(extent));
  if (name == "next_gate") return made(prefetch::NextGate(extent));
  if (name == "adaptive") return made(prefetch::Adaptive(extent));
  if (name == "pre_gated") return made(prefetch::PreGated(extent));
  throw InvalidArgument(concat("no prefetcher is called '", name, "'"));
}

}  // namespace

std::vector<Link> known_links() {
  return {{"PCIe 3 x16", 12e9}, {"PCIe 4 x16", 25e9}, {"PCIe 5 x16", 55e9}, {"NVMe 3.5", 3.5e9}, {"NVMe 7", 7e9}};
}

lab::ReplayCounts replayed(const lab::RoutingTrace& trace, const CacheChoice& choice) {
  return with_cache(trace.sizes(), choice, [&](auto& cache) {
    return lab::replay(trace, cache, [&](PartId) { return choice.expert_bytes; });
  });
}

lab::TimedCounts timed(const lab::RoutingTrace& trace, const CacheChoice& choice, const std::string& name,
                       const lab::StepTimes& times, lab::CopyRule rule, lab::Timeline* timeline) {
  const lab::TimedOptions options{.rule = rule, .pre_gated = name == "pre_gated"};
  const auto bytes_of = [&](PartId) { return choice.expert_bytes; };
  return with_cache(trace.sizes(), choice, [&](auto& cache) {
    return with_prefetcher(trace.sizes(), name, [&](auto& prefetcher) {
      return timeline == nullptr
                 ? lab::timed_replay(trace, cache, prefetcher, bytes_of, times, options)
                 : lab::timed_replay(trace, cache, prefetcher, bytes_of, times, options, *timeline);
    });
  });
}

lab::RoutingTrace first_tokens(const lab::RoutingTrace& trace, std::size_t tokens) {
  const lab::RoutingSizes& sizes = trace.sizes();
  lab::RoutingTrace out(sizes);
  const auto shorten = [](auto& list, std::size_t count) { list.resize(std::min(list.size(), count)); };
  for (const lab::RoutedSequence& whole : trace.sequences()) {
    if (tokens == 0) break;
    lab::RoutedSequence sequence = whole;
    const std::size_t count = std::min(tokens, sequence.tokens.size());
    tokens -= count;
    sequence.prompt_tokens = std::min(sequence.prompt_tokens, count);
    if (count < sequence.tokens.size()) sequence.passes.clear();
    shorten(sequence.tokens, count);
    shorten(sequence.choices, count * sizes.choices_per_token());
    shorten(sequence.probabilities, count * sizes.probabilities_per_token());
    shorten(sequence.guesses, count * sizes.guesses_per_token());
    out.append(std::move(sequence));
  }
  return out;
}

}  // namespace example
