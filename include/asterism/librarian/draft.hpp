// Reports that a constellation makes of what its experts did.
#pragma once

#include <cstddef>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/librarian/report.hpp"

namespace asterism::librarian {

/// How many positions a drafted report names.
inline constexpr std::size_t positions_of_a_report = 10;

/// A report for each expert of a layer that served some token with a weight above 0, by ascending expert. states
/// (n, hidden): the tokens' states, such as Session::hidden; routes (n, top_k): the experts of each with their weights,
/// each up to 1. A report has
///
/// - the mean of its tokens' states, weighted by the routes' weights, as its vector
/// - the tokens that it served with the greatest weight, at most positions_of_a_report, as its positions: the greatest
///   first, of equal ones the earlier
/// - the mean weight as its confidence, "expert 3" as its expert, a text that says how many tokens and which
/// - all else of `common`
///
/// A graph whose encoder makes vectors of that width files it, such as one of encode::ModelEncoder. Throws
/// InvalidArgument unless there are routes for each state, and weights are in [0, 1]. Pure.
std::vector<Report> draft(MatrixView<const float> states, MatrixView<const gating::Route> routes,
                          const Report& common = {});

}  // namespace asterism::librarian

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/draft_impl.hpp"
#endif
