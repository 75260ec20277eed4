// What the slots of experts have done.
#pragma once

#include <cstdint>

#include "asterism/residency/fetch_times.hpp"

namespace asterism::residency {

/// What slots have done so far.
struct SlotCounts {
  std::uint64_t uses = 0;        ///< experts that passes needed, once for each layer and pass
  std::uint64_t hits = 0;        ///< of these, in a slot already
  std::uint64_t fetched = 0;     ///< read, to stay
  std::uint64_t bypassed = 0;    ///< read, and not kept
  std::uint64_t predicted = 0;   ///< of fetched and bypassed, predicted before their router spoke
  std::uint64_t read_ahead = 0;  ///< of them, on their way already
  std::uint64_t late = 0;        ///< of read_ahead, not complete when they were needed
  std::uint64_t wasted = 0;      ///< reads that began for a wrong prediction
  std::uint64_t bytes = 0;       ///< read from the disk, wasted ones too
  std::uint64_t copied = 0;      ///< bytes from memory of the host, likewise
  bool direct = false;           ///< reads pass by the system's cache
  bool looks_ahead = false;      ///< a prefetcher predicts
  double seconds_waited = 0;  ///< for reads that were not complete when they were needed, and for their checksums
  FetchTimes from_disk{};     ///< of fetches that were not read ahead, where the carrier waits for them
  FetchTimes from_memory{};   ///< the same, from memory of the host

  SlotCounts& operator+=(const SlotCounts& more) {
    uses += more.uses;
    hits += more.hits;
    fetched += more.fetched;
    bypassed += more.bypassed;
    predicted += more.predicted;
    read_ahead += more.read_ahead;
    late += more.late;
    wasted += more.wasted;
    bytes += more.bytes;
    copied += more.copied;
    direct = direct || more.direct;
    looks_ahead = looks_ahead || more.looks_ahead;
    seconds_waited += more.seconds_waited;
    from_disk += more.from_disk;
    from_memory += more.from_memory;
    return *this;
  }

  std::uint64_t missed() const { return fetched + bypassed; }
  double hit_rate() const { return uses > 0 ? static_cast<double>(hits) / static_cast<double>(uses) : 0; }
};

}  // namespace asterism::residency
