// Names of the room `placement`: which part of a model lives on which device.
#pragma once

namespace asterism::placement {

struct Run;
struct Parts;
struct Plan;
struct Balanced;
struct Sequential;

}  // namespace asterism::placement
