// The gate that BERT's feed-forward blocks use.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::linalg {

/// In place: x_i = x_i Phi(x_i) = x_i (1 + erf(x_i / sqrt(2))) / 2, within 1e-6 max(1, |x_i|). NaN stays NaN. The bits
/// of an element depend only on its value.
/// Source: Hendrycks, Gimpel, Gaussian Error Linear Units, arXiv 1606.08415; erf as Eigen and XLA have it, a rational
/// approximation on [-4, 4].
void gelu(View<float> x);

}  // namespace asterism::linalg

#if !defined(ASTERISM_COMPILED)
#include "asterism/linalg/gelu_impl.hpp"
#endif
