// Forward declarations of the room `shape`: the sizes of models.
#pragma once

namespace asterism {

struct Shape;
struct Limits;

}  // namespace asterism
