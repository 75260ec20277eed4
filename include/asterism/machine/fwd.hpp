// Names of the room `machine`: what the devices of a machine are.
#pragma once

namespace asterism {

struct Machine;

}  // namespace asterism
