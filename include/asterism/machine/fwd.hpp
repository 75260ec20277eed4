// Names of the room `machine`: what the devices of a machine are.
#pragma once

#include <cstdint>

namespace asterism {

enum class DeviceKind : std::uint8_t;
struct Machine;

}  // namespace asterism
