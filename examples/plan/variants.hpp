// The compiled variants that --variants chooses among.
#pragma once

#include <asterism/lab/planned_variant.hpp>
#include <span>

namespace example {

using namespace asterism;

/// A format of experts and attention, with all experts in memory and with experts that take turns.
struct PlannedFormat {
  lab::PlannedVariant resident;
  lab::PlannedVariant in_turns;
};

std::span<const PlannedFormat> planned_formats();

}  // namespace example
