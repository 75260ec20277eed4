// Random device maps for the tests of room `placement`: sound ones with some parts moved, lost or sent nowhere.
#pragma once

#include <cstdint>

#include "asterism/core/random.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/balanced.hpp"
#include "asterism/placement/device_map.hpp"
#include "asterism/placement/memory_footprint.hpp"

namespace asterism::laws {

/// Balanced's map with up to five changes; one list of layers in eight is too short or too long.
inline placement::DeviceMap random_map(Random& random, const placement::MemoryFootprint& parts,
                                       const Machine& machine) {
  placement::DeviceMap map = map_of(placement::Balanced::plan(parts, machine));
  for (std::uint64_t changes = random.below(6); changes > 0; --changes) {
    const auto device = static_cast<std::int32_t>(random.below(machine.devices + 2)) - 1;  // or none, or unknown
    placement::LayerDevices& layer = map.layers[random.below(map.layers.size())];
    switch (random.below(8)) {
      case 0:
        map.embedding = device;
        break;
      case 1:
        map.final_norm = device;
        break;
      case 2:
        map.head = device;
        break;
      case 3:
        layer.attention = device;
        break;
      case 4:
        layer.experts = device;
        break;
      case 5:
        layer.router = device;
        break;
      default:
        layer = {device, device, device, device};
    }
  }
  if (random.below(8) == 0) {
    map.layers.resize(random.below(static_cast<std::uint64_t>(parts.layers) + 3));
  }
  return map;
}

}  // namespace asterism::laws
