// Use of experts as inline SVG.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/expert_usage.hpp"

namespace asterism::lab {

/// An SVG element with a row for each layer and a cell for each expert: the larger its share of the layer's
/// choices, the darker; white is none, full colour the largest share of all layers. Cells show their share if
/// there are at most 16 experts, and always in their title. Cells have the class p0. `numbers`: of the rows' layers in
/// their model; empty: from 0 on. Deterministic.
std::string usage_chart(const ExpertUsage& usage, View<const std::int32_t> numbers = {});

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/usage_chart_impl.hpp"
#endif
