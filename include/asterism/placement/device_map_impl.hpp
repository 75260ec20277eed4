// Bodies of device_map.hpp.
#pragma once

#include "asterism/core/format.hpp"
#include "asterism/placement/device_map.hpp"

namespace asterism::placement {

ASTERISM_INLINE DeviceMap map_of(const Plan& plan) {
  DeviceMap map{
      .embedding = plan.embedding_device(), .final_norm = plan.last_layer_device(), .head = plan.head_device()};
  for (std::int32_t layer = 0; layer < plan.footprint.layers; ++layer) {
    const std::int32_t device = plan.device_of_layer(layer);
    map.layers.push_back({device, device, device, device});
  }
  return map;
}

ASTERISM_INLINE DeviceMap layers_per_device(const std::vector<std::int32_t>& counts, bool tied_head) {
  DeviceMap map;
  for (std::size_t d = 0; d < counts.size(); ++d) {
    const auto device = static_cast<std::int32_t>(d);
    for (std::int32_t i = 0; i < counts[d]; ++i) map.layers.push_back({device, device, device, device});
  }
  if (map.layers.empty()) return map;
  map.embedding = map.layers.front().attention;
  map.final_norm = map.layers.back().attention;
  if (!tied_head) map.head = map.final_norm;
  return map;
}

ASTERISM_INLINE std::string to_string(const DeviceMap& map) {
  const auto on = [](std::int32_t device) {
    return device == unplaced ? std::string("no device") : concat("device ", device);
  };
  std::string text = concat("  embedding: ", on(map.embedding), "\n");
  for (std::size_t begin = 0; begin < map.layers.size();) {
    const LayerDevices& at = map.layers[begin];
    std::size_t end = begin + 1;
    while (end < map.layers.size() && map.layers[end] == at) ++end;
    const bool together = at == LayerDevices{at.attention, at.attention, at.attention, at.attention};
    text += concat(end - begin == 1 ? "  layer " : "  layers ", begin);
    if (end - begin > 1) text += concat(" to ", end - 1);
    text += together ? concat(": ", on(at.attention), "\n")
                     : concat(": attention ", on(at.attention), ", norms ", on(at.norms), ", router ",
                              on(at.router), ", experts ", on(at.experts), "\n");
    begin = end;
  }
  return text + concat("  final norm: ", on(map.final_norm), "\n  head: ", on(map.head), "\n");
}

}  // namespace asterism::placement
