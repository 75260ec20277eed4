// The bias of a gating that balances without a loss.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// Moves a bias (Kind::bias), in the place of whose gradient stands how often each expert was chosen: up by `rate` for
/// an expert chosen less often than the mean, down for one chosen more often; then shifts it to the mean 0. Where
/// nobody was chosen, and at rate 0, nothing changes. Source: Wang et al., arXiv 2408.15664, algorithm 1.
void follow_load(const Parameter& bias, float rate);

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/bias_impl.hpp"
#endif
