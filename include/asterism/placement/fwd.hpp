// Forward declarations of the room `placement`: which part of a model is on which device.
#pragma once

#include <cstdint>

namespace asterism::placement {

enum class HostPlacement : std::uint8_t;
struct LayerRun;
struct MemoryFootprint;
struct Plan;
struct Balanced;
struct BalancedLowFirst;
struct Sequential;
template <std::int32_t... Layers>
struct Explicit;
template <class Policy, HostPlacement host>
struct AcceleratorsFirst;

struct LayerDevices;
struct DeviceMap;
struct MapFault;
struct MapCheck;

}  // namespace asterism::placement
