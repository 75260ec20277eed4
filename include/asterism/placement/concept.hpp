// The contract of a placement policy.
#pragma once

#include <concepts>

#include "asterism/machine/machine.hpp"
#include "asterism/placement/parts.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::placement {

namespace needs {

template <class P>
concept plan = requires(const Parts& parts, const Machine& machine) {
  { P::plan(parts, machine) } -> std::same_as<Plan>;
};

}  // namespace needs

/// A placement policy decides which device of a machine holds which part of a model, from byte counts alone.
///
/// 1. `plan(parts, machine)` is static, constexpr and pure; the machine's capacities are the budgets.
/// 2. Where some cut of the layers keeps every budget, the plan keeps them all. Where the policy finds none, it
///    returns its best attempt, for which `Plan::fits()` is false: callers ask, and show the bytes.
/// 3. Every part is placed once, and all parts of a layer share its device.
///
/// Models: Balanced, Sequential.
template <class P>
concept Placement = needs::plan<P>;

}  // namespace asterism::placement
