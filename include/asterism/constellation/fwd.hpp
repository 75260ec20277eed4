// Forward declarations of the room `constellation`: many experts and the gating that chooses among them.
#pragma once

namespace asterism::constellation {

template <class Expert>
class ResidentExperts;
template <class Expert, class Gating, class SharedExpert, class Experts = ResidentExperts<Expert>>
class Constellation;

}  // namespace asterism::constellation
