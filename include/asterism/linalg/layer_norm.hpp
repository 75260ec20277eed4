// Layer normalisation.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::linalg {

/// y_i = weight_i * (x_i - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) + bias_i. All four have the same size, at
/// least 1; y may alias x. Computed in fp32.
/// Source: Ba, Kiros, Hinton, Layer Normalization, arXiv 1607.06450.
void layer_norm(View<const float> x, View<const float> weight, View<const float> bias, float epsilon,
                View<float> y);

}  // namespace asterism::linalg

#if !defined(ASTERISM_COMPILED)
#include "asterism/linalg/layer_norm_impl.hpp"
#endif
