// Forward declarations of the room `gating`: which experts a token goes to.
#pragma once

namespace asterism::gating {

struct Route;
class SigmoidTopK;
class SoftmaxTopK;
class Switch;

}  // namespace asterism::gating
