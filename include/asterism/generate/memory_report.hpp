// The memory report: memory use, planned and measured, execution, and recommendations.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/residency/slot_counts.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

/// Use of a device's arena.
struct ArenaUse {
  Bytes high_water{};
  Bytes used{};
};

/// The report of a model: `arenas` of the plan's devices and the `slots` for experts on each now, `policies` the names
/// of its formats, `passed` what of its checkpoint it does not use.
std::string memory_report(const placement::Plan& plan, const Limits& limits, const Shape& shape,
                          View<const ArenaUse> arenas, View<const std::int32_t> slots, std::string_view policies,
                          const checkpoint::PassedOver& passed);

/// How experts take turns in the slots of each device that has some: a line for each, empty where all are in memory. Of
/// slots as planned, or `now`, on each device, where a budget may have changed.
std::string strategy_lines(const placement::Plan& plan);
std::string strategy_lines(const placement::Plan& plan, View<const std::int32_t> now);

/// What the slots of experts that take turns have done: a line, empty where they have done nothing.
std::string slot_line(const residency::SlotCounts& counts);

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/memory_report_impl.hpp"
#endif
