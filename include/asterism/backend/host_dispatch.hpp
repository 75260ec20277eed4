// Dispatch and combination on the CPU: sorts rows by expert and adds up the experts' answers.
#pragma once

#include <cstddef>

#include "asterism/backend/groups.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::backend {

/// Fills `groups` from routes (n, top_k): a counting sort by expert, rows ascending within one expert.
void sort_by_expert(MatrixView<const gating::Route> routes, const ExpertGroups& groups);

/// sum += weight * answer for every choice of row i, in order of expert. routes (top_k) of that row; answers
/// (slots, cols); sum (cols).
void add_answers(const ExpertGroups& groups, View<const gating::Route> routes, std::size_t i,
                 MatrixView<const float> answers, View<float> sum);

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_dispatch_impl.hpp"
#endif
