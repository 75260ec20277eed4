// The contract of a score hook: what changes a router's scores before the gating chooses experts by them.
#pragma once

#include <concepts>
#include <cstdint>

#include "asterism/core/view.hpp"

namespace asterism::constellation {

namespace needs {

template <class H>
concept adjust = requires(H& hook, std::int32_t layer, MatrixView<const float> x, MatrixView<float> scores) {
  { hook.adjust(layer, x, scores) } -> std::same_as<void>;
};

template <class H>
concept version = requires(const H& hook) {
  { hook.version() } -> std::convertible_to<std::uint64_t>;
};

}  // namespace needs

/// A score hook stands between a layer's router and its gating, for the rows of one sequence.
///
/// 1. `adjust(layer, x, scores)`: x (n, hidden), n >= 1, are the rows that the router was multiplied with; scores
///    (n, experts), any stride, are its answers before the softmax, and may be changed. `layer` counts the layers that
///    have experts, from 0 on. Gating, experts and observers then see scores as they are left.
/// 2. A row's scores depend on that row, the layer and what the hook knows alone: the same bits in any n. Where a score
///    is NaN one of that row stays so, and finite scores stay finite.
/// 3. `version()`: changes whenever `adjust` would answer otherwise than before. What caches hold of a prompt is used
///    again at the version at which it was computed only.
/// 4. Calls come from the thread that runs the model, one at a time for all models on the same devices. What `adjust`
///    throws ends the pass, which may be run again.
///
/// Models: librarian::RememberedRoutes.
template <class H>
concept ScoreHook = needs::adjust<H> && needs::version<H>;

}  // namespace asterism::constellation
