// Forward declarations of the room `constellation`: many experts behind one gating.
#pragma once

namespace asterism::constellation {

template <class Expert, class Gating>
class Constellation;

}  // namespace asterism::constellation
