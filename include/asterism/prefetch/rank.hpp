// The best of the members of a group, as predictions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"

namespace asterism::prefetch {

/// Fills the front of `out` with the members of the group that have the greatest shares above 0, best first, of equal
/// ones the lower member first; returns their number. `shares` (members), each in [0, 1]. Does not allocate.
std::size_t rank(std::int32_t group, View<const float> shares, View<Prediction> out);

/// How many of `used`, in [0, 1], are among the members with the greatest shares, as many as are used: the accuracy of
/// the shares as a prediction. 0 without shares or if nothing is used. Members that do not exist count as missed.
float accuracy(View<const float> shares, View<const std::int32_t> used);

/// Fills `out` (members) with the probabilities divided by their sum; probabilities of another number, or that are no
/// numbers of at least 0, count as absent: then each of `used` that exists gets the same share. False, and all 0, if
/// there is neither.
bool shares_of(View<const float> probabilities, View<const std::int32_t> used, View<float> out);

}  // namespace asterism::prefetch

#if !defined(ASTERISM_COMPILED)
#include "asterism/prefetch/rank_impl.hpp"
#endif
