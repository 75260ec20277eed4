// Uses main memory only if the accelerators lack room, and for 4-bit weights only on request.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/machine/machine.hpp"
#include "asterism/placement/concept.hpp"
#include "asterism/placement/fwd.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/placement/sequential.hpp"

namespace asterism::placement {

/// Which layers may be on a host device if there are accelerators.
enum class HostPlacement : std::uint8_t {
  above_four_bits,  ///< those whose weights have more than 4 bits, as transformers does with bitsandbytes
  any_width         ///< all
};

/// True if host devices of `machine` must stay empty for `footprint`. A machine without accelerators uses its host
/// devices for weights of any width.
constexpr bool withholds_host(HostPlacement host, const MemoryFootprint& footprint, const Machine& machine) {
  return host == HostPlacement::above_four_bits && footprint.has_four_bit_weights() &&
         machine.accelerators().devices > 0;
}

/// `Policy` over the accelerators alone. If nothing fits there and `host` allows it, Sequential over all devices,
/// which puts the fewest layers on a host device that comes last. Without an accelerator, `Policy` over the host
/// devices.
/// @tparam host  by default, weights of more than 4 bits spill to the host and 4-bit weights do not: they were
/// packed to fit, and fast kernels for them run on accelerators
template <class Policy, HostPlacement host = HostPlacement::above_four_bits>
struct AcceleratorsFirst {
  static_assert(Placement<Policy>, "AcceleratorsFirst needs a Placement for the accelerators");
  static constexpr HostPlacement host_placement = host;

  static constexpr Plan plan(const MemoryFootprint& footprint, const Machine& machine) {
    Machine accelerators = machine.accelerators();
    accelerators.disk = {};  // experts may wait in the host devices that are left out here
    if (accelerators.devices == 0 || accelerators.devices == machine.devices)
      return Policy::plan(footprint, machine);
    // Sequential is cheap and fits whenever any cut does.
    if (!withholds_host(host, footprint, machine) && !Sequential::plan(footprint, accelerators).fits()) {
      return Sequential::plan(footprint, machine);
    }
    return on_accelerators(Policy::plan(footprint, accelerators), machine);
  }

 private:
  /// Expresses the plan over the accelerators as one over `machine`, whose host devices run no layers.
  static constexpr Plan on_accelerators(const Plan& plan, const Machine& machine) {
    Cuts cuts{};
    std::size_t accelerators = 0;
    for (std::size_t d = 0; d < Machine::max_devices; ++d) {
      if (d < machine.devices && !machine.is_host(d)) ++accelerators;
      cuts[d + 1] = plan.cuts[accelerators];
    }
    return assemble(plan.footprint, machine, cuts, plan.tied_head == TiedHead::copied);
  }
};

}  // namespace asterism::placement
