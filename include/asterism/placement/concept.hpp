// The contract of a placement policy.
#pragma once

#include <concepts>

#include "asterism/machine/machine.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::placement {

namespace needs {

template <class P>
concept plan = requires(const MemoryFootprint& footprint, const Machine& machine) {
  { P::plan(footprint, machine) } -> std::same_as<Plan>;
};

}  // namespace needs

/// A placement policy decides which device of a machine holds which part of a model, from byte counts alone.
///
/// 1. `plan(footprint, machine)` is static, constexpr and pure; the machine's capacities are the budgets.
/// 2. If some cut of the layers over the devices that the policy may use keeps every budget, the plan keeps them
///    all. If there is none, it returns its best attempt, for which `Plan::fits()` is false: callers check, and
///    show the bytes. `Explicit` has no choice and always cuts as specified.
/// 3. Every part is placed once, and all parts of a layer share its device.
///
/// A policy that keeps 4-bit weights off host devices declares it in `host_placement`; the others treat all
/// devices alike.
///
/// Models: Balanced, BalancedLowFirst, Sequential, Explicit, and AcceleratorsFirst over any of them.
template <class P>
concept Placement = needs::plan<P>;

}  // namespace asterism::placement
