// The memory report: memory use, planned and measured, execution, and recommendations.
#pragma once

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

/// The report of a model: `arenas` of the plan's devices, `policies` the names of its formats, `passed` what of its
/// checkpoint it does not use.
std::string memory_report(const placement::Plan& plan, const Limits& limits, const Shape& shape,
                          View<const ArenaUse> arenas, std::string_view policies,
                          const checkpoint::PassedOver& passed);

/// How experts take turns in the slots of each device that has some: a line for each, empty where all are in memory.
std::string strategy_lines(const placement::Plan& plan);

/// What the slots of experts that take turns have done: a line, empty where they have done nothing.
std::string slot_line(const residency::SlotCounts& counts);

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/memory_report_impl.hpp"
#endif
