// How fast a model whose experts take turns will decode, foretold from its plan and the rates of its machine.
#pragma once

#include <array>

#include "asterism/core/config.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::lab {

/// Seconds of one decoded token of one sequence, on average, where each expert that it needs is in a slot with the
/// probability `hit_rate` (0 to 1), whatever the others are. In each layer those in slots are computed at once and
/// each other one when it has come from its home, one after the other; what else the layer computes follows. A
/// device computes as fast as it reads weights, by plan.machine.rates; where that is unknown computing takes no
/// time, and the result is what homes alone take. They are the disk, or a host device: an expert comes from it at
/// its rate, or that of the machine's link where it is known and less, and after the link's latency. Nothing is
/// read ahead. Throws InvalidArgument for a hit rate out of range, for a plan whose experts do not take turns, and
/// for homes whose rate is unknown.
double decode_seconds(const placement::Plan& plan, double hit_rate);

/// What weights are read at while they are computed with, in bytes a second; 0: computing takes no time.
struct ComputeRates {
  std::array<double, Machine::max_devices> layers{};  ///< those of layers, on each device
  double head = 0;                                    ///< norm and head
};

/// The same with these rates of computing; those of homes are the machine's.
double decode_seconds(const placement::Plan& plan, double hit_rate, const ComputeRates& rates);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/forecast_impl.hpp"
#endif
