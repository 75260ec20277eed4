// The consistent placement that moves the least of what a map says.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/device_map.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::placement {

/// Whole layers on devices in their order, the embedding with the first layer, final norm and head with the last
/// one, so that the fewest bytes leave the device where `map` has them; of equal ones the first. What the map does
/// not place, or places on a device that the machine lacks, may go anywhere; a tied head does not count. Budgets do
/// not count either. `without_host`: host devices get nothing; the machine has an accelerator then. Never throws on
/// bad maps. O(layers * devices) steps.
Cuts nearest_cuts(const DeviceMap& map, const MemoryFootprint& footprint, const Machine& machine,
                  bool without_host);

}  // namespace asterism::placement

#if !defined(ASTERISM_COMPILED)
#include "asterism/placement/nearest_cuts_impl.hpp"
#endif
