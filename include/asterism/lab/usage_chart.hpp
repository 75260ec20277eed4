// Use of experts as inline SVG.
#pragma once

#include <string>

#include "asterism/core/config.hpp"
#include "asterism/lab/expert_usage.hpp"

namespace asterism::lab {

/// An SVG element with a row for each layer and a cell for each expert: the larger its share of the layer's
/// choices, the darker; white is none, full colour the largest share of all layers. Cells show their share if
/// there are at most 16 experts, and always in their title. Cells have the class p0. Deterministic.
std::string usage_chart(const ExpertUsage& usage);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/usage_chart_impl.hpp"
#endif
