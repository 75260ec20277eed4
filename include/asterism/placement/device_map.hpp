// A placement that somebody wrote down: a device for every part of a decoder, consistent or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/placement/fwd.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::placement {

/// The map does not say where a part is.
inline constexpr std::int32_t unplaced = -1;

/// The devices of a layer's parts. Keys and values are where the attention is.
struct LayerDevices {
  std::int32_t attention = unplaced;
  std::int32_t norms = unplaced;
  std::int32_t router = unplaced;
  std::int32_t experts = unplaced;

  friend bool operator==(const LayerDevices&, const LayerDevices&) = default;

  /// The device of parts of `kind`, one of those that belong to a layer.
  std::int32_t of(PartKind kind) const {
    return kind == PartKind::norms     ? norms
           : kind == PartKind::router  ? router
           : kind == PartKind::experts ? experts
                                       : attention;
  }
};

/// Devices are indexes into a Machine's. Anything may stand here: `validate` tells what is wrong with it.
struct DeviceMap {
  std::int32_t embedding = unplaced;
  std::vector<LayerDevices> layers{};
  std::int32_t final_norm = unplaced;
  std::int32_t head = unplaced;  ///< a tied one may be left open: copied where that fits, else handed over

  friend bool operator==(const DeviceMap&, const DeviceMap&) = default;

  /// The devices of `layer`; unplaced beyond the list.
  LayerDevices layer(std::int32_t layer) const {
    return static_cast<std::size_t>(layer) < layers.size() ? layers[static_cast<std::size_t>(layer)]
                                                           : LayerDevices{};
  }
};

/// The map of a plan.
inline DeviceMap map_of(const Plan& plan) {
  DeviceMap map{
      .embedding = plan.embedding_device(), .final_norm = plan.last_layer_device(), .head = plan.head_device()};
  for (std::int32_t layer = 0; layer < plan.footprint.layers; ++layer) {
    const std::int32_t device = plan.device_of_layer(layer);
    map.layers.push_back({device, device, device, device});
  }
  return map;
}

/// The next counts[d] layers on device d: {14, 18} for the 32 layers of Mixtral 8x7B on two devices. The embedding
/// sits with the first layer, final norm and head with the last one; a tied head is left open. Counts below 1 place
/// nothing.
inline DeviceMap layers_per_device(const std::vector<std::int32_t>& counts, bool tied_head) {
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

/// For people: a line for each part, equal layers together.
inline std::string to_string(const DeviceMap& map) {
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
