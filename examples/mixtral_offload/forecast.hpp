// What a token costs where experts take turns, as far as the plan and the rates of the machine tell.
#pragma once

#include <asterism/placement/plan.hpp>
#include <string>

namespace example {

/// Slots and homes; what a token reads, by the share of its experts that it finds in slots, and where the rates are
/// known how fast that makes it.
std::string forecast(const asterism::placement::Plan& plan);

}  // namespace example
