// Root-mean-square normalisation.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::linalg {

/// y_i = weight_i * x_i / sqrt(mean(x^2) + epsilon). All three have the same size; y may alias x. Computed in
/// fp32.
/// Source: Zhang and Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019.
void rms_norm(View<const float> x, View<const float> weight, float epsilon, View<float> y);

}  // namespace asterism::linalg

#if !defined(ASTERISM_COMPILED)
#include "asterism/linalg/rms_norm_impl.hpp"
#endif
