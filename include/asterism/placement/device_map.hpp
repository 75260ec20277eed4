// A user-defined placement: a device for every part of a decoder, consistent or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/placement/fwd.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::placement {

/// The map leaves a part unplaced.
inline constexpr std::int32_t unplaced = -1;

/// The devices of a layer's parts. Keys and values are on the attention's device.
struct LayerDevices {
  std::int32_t attention = unplaced;
  std::int32_t norms = unplaced;
  std::int32_t router = unplaced;
  std::int32_t experts = unplaced;  ///< or a dense layer's feed-forward block

  friend bool operator==(const LayerDevices&, const LayerDevices&) = default;

  /// The device of parts of `kind`, which must belong to a layer.
  std::int32_t of(PartKind kind) const {
    switch (kind) {
      case PartKind::norms:
        return norms;
      case PartKind::router:
        return router;
      case PartKind::experts:
      case PartKind::shared_expert:
      case PartKind::feed_forward:
        return experts;
      default:
        return attention;
    }
  }
};

/// Devices are indices into a Machine's. Any values are allowed: `validate` reports what is wrong with them.
struct DeviceMap {
  std::int32_t embedding = unplaced;
  std::vector<LayerDevices> layers{};
  std::int32_t final_norm = unplaced;
  std::int32_t head = unplaced;  ///< a tied one may be left unplaced: copied if that fits, else handed over

  friend bool operator==(const DeviceMap&, const DeviceMap&) = default;

  /// The devices of `layer`; unplaced beyond the end of the list.
  LayerDevices layer(std::int32_t layer) const {
    return static_cast<std::size_t>(layer) < layers.size() ? layers[static_cast<std::size_t>(layer)]
                                                           : LayerDevices{};
  }
};

/// The map of a plan.
DeviceMap map_of(const Plan& plan);

/// Puts the next counts[d] layers on device d: {14, 18} for the 32 layers of Mixtral 8x7B on two devices. The
/// embedding is on the first layer's device, final norm and head on the last one's; a tied head is left unplaced.
/// Counts below 1 place nothing.
DeviceMap layers_per_device(const std::vector<std::int32_t>& counts, bool tied_head);

/// Human-readable: a line for each part, equal layers together.
std::string to_string(const DeviceMap& map);

}  // namespace asterism::placement

#if !defined(ASTERISM_COMPILED)
#include "asterism/placement/device_map_impl.hpp"
#endif
