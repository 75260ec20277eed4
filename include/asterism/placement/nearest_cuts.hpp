// The consistent placement closest to a device map.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/device_map.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::placement {

/// Whole layers on devices in order, the embedding with the first layer, final norm and head with the last one,
/// chosen so that the fewest bytes leave the device that `map` gives them; the first of equal ones. Parts that the
/// map leaves unplaced, or places on a device that the machine lacks, may go anywhere; a tied head does not count,
/// nor do budgets. `without_host`: host devices get nothing; the machine then has an accelerator. Never throws on
/// bad maps. O(layers * devices) steps.
Cuts nearest_cuts(const DeviceMap& map, const MemoryFootprint& footprint, const Machine& machine,
                  bool without_host);

}  // namespace asterism::placement

#if !defined(ASTERISM_COMPILED)
#include "asterism/placement/nearest_cuts_impl.hpp"
#endif
