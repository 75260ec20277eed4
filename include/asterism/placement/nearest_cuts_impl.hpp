// Bodies of nearest_cuts.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "asterism/placement/nearest_cuts.hpp"

namespace asterism::placement {

ASTERISM_INLINE Cuts nearest_cuts(const DeviceMap& map, const MemoryFootprint& footprint, const Machine& machine,
                                  bool without_host) {
  constexpr double never = std::numeric_limits<double>::infinity();
  const auto layers = static_cast<std::size_t>(footprint.layers);
  const auto moved = [&](std::int32_t from, std::size_t to, Bytes bytes) {
    const bool known = from >= 0 && from < static_cast<std::int32_t>(machine.devices);
    // One more than the bytes, so that parts without weight are not moved needlessly.
    return known && from != static_cast<std::int32_t>(to) ? static_cast<double>(bytes.count) + 1 : 0.0;
  };
  const auto of_layer = [&](std::size_t layer, std::size_t device) {
    if (without_host && machine.is_host(device)) return never;
    const auto index = static_cast<std::int32_t>(layer);
    const LayerDevices found = map.layer(index);
    double sum = 0;
    for (std::size_t r = 0; r < footprint.run_count; ++r) {
      const LayerRun& run = footprint.runs[r];
      if (run.layers.contains(index)) sum += moved(found.of(run.kind), device, run.per_layer());
    }
    if (layer == 0) sum += moved(map.embedding, device, footprint.embedding);
    if (layer + 1 == layers) {
      sum += moved(map.final_norm, device, footprint.final_norm);
      if (!footprint.tied) sum += moved(map.head, device, footprint.head);
    }
    return sum;
  };
  // least[d]: fewest bytes moved if the layers so far are on devices up to d.
  std::array<double, Machine::max_devices> least{};
  std::vector<std::array<std::size_t, Machine::max_devices>> device_of(layers);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    double best = never;
    std::size_t at = 0;
    for (std::size_t d = 0; d < machine.devices; ++d) {
      const double here = least[d] + of_layer(layer, d);
      if (here < best) {
        best = here;
        at = d;
      }
      least[d] = best;
      device_of[layer][d] = at;
    }
  }
  Cuts cuts{};
  for (std::int32_t& cut : cuts) cut = footprint.layers;
  std::size_t last = machine.devices - 1;
  for (std::size_t layer = layers; layer-- > 0;) {
    last = device_of[layer][last];
    for (std::size_t d = 0; d <= last; ++d) cuts[d] = static_cast<std::int32_t>(layer);
  }
  return cuts;
}

}  // namespace asterism::placement
