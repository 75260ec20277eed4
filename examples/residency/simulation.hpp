// What the program simulates: caches and prefetchers by name, on a trace, over links.
#pragma once

#include <array>
#include <asterism/core/bytes.hpp>
#include <asterism/lab/replay.hpp>
#include <asterism/lab/routing_trace.hpp>
#include <asterism/lab/timed_replay.hpp>
#include <asterism/lab/timeline.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace example {

using namespace asterism;

inline constexpr std::array cache_names = {"hazard",      "least_recent", "least_frequent",
                                           "decayed_use", "s3_fifo",      "arc"};
inline constexpr std::array prefetch_names = {"none",    "previous_layer", "multi_layer", "pattern",
                                              "learned", "next_gate",      "adaptive",    "pre_gated"};

/// A link over which experts are copied.
struct Link {
  std::string name;
  double bytes_per_second = 0;
};

/// The links that the program knows: PCIe with sixteen lanes, NVMe disks.
std::vector<Link> known_links();

/// A cache of `slots` experts of this size, by its name.
struct CacheChoice {
  std::string name;
  std::uint64_t slots = 0;
  Bytes expert_bytes{};
};

/// What the cache counts on the trace, token by token. A pass with more experts in a layer than there are slots is
/// refused: InvalidArgument or BudgetExceeded.
lab::ReplayCounts replayed(const lab::RoutingTrace& trace, const CacheChoice& cache);

/// The same in simulated time, with a prefetcher by its name; a timeline that is not null is told what happens.
lab::TimedCounts timed(const lab::RoutingTrace& trace, const CacheChoice& cache, const std::string& prefetcher,
                       const lab::StepTimes& times, lab::CopyRule rule, lab::Timeline* timeline);

/// The first tokens of a trace, at most so many.
lab::RoutingTrace first_tokens(const lab::RoutingTrace& trace, std::size_t tokens);

}  // namespace example
