// Which experts were used, as inline SVG.
#pragma once

#include <string>

#include "asterism/core/config.hpp"
#include "asterism/lab/expert_usage.hpp"

namespace asterism::lab {

/// An SVG element with a row for each layer and a cell for each expert: the darker, the larger its share of the choices
/// of that layer; white is none, full the largest share of all layers. Shares stand in the cells where there are at
/// most 16 experts, and in each cell's title. Cells have the class p0. Deterministic.
std::string usage_chart(const ExpertUsage& usage);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/usage_chart_impl.hpp"
#endif
