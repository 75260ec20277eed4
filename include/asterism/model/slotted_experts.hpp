// Blueprints whose experts take turns in memory: whose Cache is not cache::All.
#pragma once

#include <type_traits>

#include "asterism/cache/fwd.hpp"
#include "asterism/constellation/slotted_experts.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/residency/carrier.hpp"

namespace asterism::model {

template <class Expert, class Cache, class Prefetch, class Device>
  requires(!std::is_same_v<Cache, cache::All>)
struct ExpertsOf<Expert, Cache, Prefetch, Device> {
  using Type = constellation::SlottedExperts<Expert, Cache, Prefetch, residency::CarrierOf<Device>>;
};

}  // namespace asterism::model
