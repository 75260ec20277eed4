// The gradient of GELU.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::linalg {

/// From the gradient d of gelu(x) that of x, in place: d_i (Phi(x_i) + x_i phi(x_i)), the factor within 2e-6. NaN stays
/// NaN. Equal sizes. The bits of an element depend only on its values.
/// Source: Hendrycks, Gimpel, Gaussian Error Linear Units, arXiv 1606.08415.
void gelu_backward(View<const float> x, View<float> d);

}  // namespace asterism::linalg

#if !defined(ASTERISM_COMPILED)
#include "asterism/linalg/gelu_backward_impl.hpp"
#endif
