// Validates device maps: reports faults and a repaired map.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/accelerators_first.hpp"
#include "asterism/placement/concept.hpp"
#include "asterism/placement/device_map.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::placement {

/// One rule that a map violates.
struct MapFault {
  std::string part;  ///< "layer 3's experts", "device 1"
  std::string found;
  std::string expected;
};

/// The result of validating a map.
struct MapCheck {
  std::vector<MapFault> found;  ///< empty: the map is valid
  Plan plan{};                  ///< the map's own if it is valid, else the repair's, which may not fit
  bool of_policy = false;       ///< the nearest consistent map does not fit: the plan is the policy's

  bool sound() const { return found.empty(); }
};

/// The most bytes that each device of the machine holds under `map`, as it is; equal to the plan's peaks if the
/// map is consistent. An unplaced tied head is counted with the embedding.
std::array<Bytes, Machine::max_devices> bytes_of_map(const DeviceMap& map, const MemoryFootprint& footprint,
                                                     const Machine& machine);

namespace detail {

/// `plan` is the policy's, which keeps host devices empty if `without_host`.
MapCheck check_map(const DeviceMap& map, const MemoryFootprint& footprint, const Machine& machine,
                   bool without_host, Plan (*plan)(const MemoryFootprint&, const Machine&));

}  // namespace detail

/// Checks `map` against the rules of a plan: every part on an existing device, a layer's parts together, layers on
/// the devices in order, the embedding on the first layer's device, final norm and head on the last one's (a tied
/// head may be with the embedding instead), no 4-bit weights on host devices unless Policy allows that, and every
/// device within its budget. The repair is the consistent map that moves the fewest bytes; if that does not fit,
/// Policy's plan. Never throws on a bad map; InvalidArgument for parts without layers or a machine without
/// devices.
template <Placement Policy>
MapCheck validate(const DeviceMap& map, const MemoryFootprint& footprint, const Machine& machine) {
  check_plannable(footprint, machine);
  bool without_host = false;
  if constexpr (requires { Policy::host_placement; }) {
    without_host = withholds_host(Policy::host_placement, footprint, machine);
  }
  return detail::check_map(map, footprint, machine, without_host,
                           [](const MemoryFootprint& all, const Machine& on) { return Policy::plan(all, on); });
}

/// Human-readable: every fault, and the repair.
std::string to_string(const MapCheck& validation);

}  // namespace asterism::placement

#if !defined(ASTERISM_COMPILED)
#include "asterism/placement/map_check_impl.hpp"
#endif
