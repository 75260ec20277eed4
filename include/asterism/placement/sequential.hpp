// Fills one device after another.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/machine/machine.hpp"
#include "asterism/placement/fwd.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::placement {

/// Fills each device to its budget before the next: the fewest devices, the fewest transfers. Layers beyond the
/// last device's budget stay on it, so `fits()` is false. A tied head is copied to the last device if that fits,
/// so that a token passes the devices once; else it is handed over.
struct Sequential {
  static constexpr Plan plan(const MemoryFootprint& footprint, const Machine& machine) {
    if (footprint.tied) {
      const Plan copied = fill(footprint, machine, true);
      if (copied.fits()) return copied;
    }
    return fill(footprint, machine, false);
  }

 private:
  static constexpr Plan fill(const MemoryFootprint& footprint, const Machine& machine, bool copy_tied_head) {
    Cuts cuts{};
    for (std::size_t d = 0; d < machine.devices; ++d) {
      const bool last_device = d + 1 == machine.devices;
      std::int32_t end = last_device ? footprint.layers : cuts[d];
      while (end < footprint.layers &&
             bytes_of_cut(footprint, cuts[d], end + 1, copy_tied_head) <= machine.capacity[d])
        ++end;
      for (std::size_t next = d + 1; next < cuts.size(); ++next) cuts[next] = end;
    }
    return assemble(footprint, machine, cuts, copy_tied_head);
  }
};

}  // namespace asterism::placement
