// Names of the room `placement`: which part of a model lives on which device.
#pragma once

#include <cstdint>

namespace asterism::placement {

enum class HostPlacement : std::uint8_t;
struct Run;
struct Parts;
struct Plan;
struct Balanced;
struct BalancedLowFirst;
struct Sequential;
template <std::int32_t... Layers>
struct Explicit;
template <class Policy, HostPlacement host>
struct SparingHost;

struct LayerDevices;
struct DeviceMap;
struct Inconsistency;
struct Validation;

}  // namespace asterism::placement
