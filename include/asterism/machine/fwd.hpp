// Forward declarations of the room `machine`: the devices of a machine.
#pragma once

#include <cstdint>

namespace asterism {

enum class DeviceKind : std::uint8_t;
struct Machine;

}  // namespace asterism
