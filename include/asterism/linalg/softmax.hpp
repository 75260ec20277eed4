// Exponentials and softmax of rows.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::linalg {

/// Replaces x_i by exp(x_i - shift) and returns their sum. With shift >= max(x) every value is in [0, 1].
float exponentials(View<float> x, float shift);

/// The largest element of a non-empty row.
float maximum(View<const float> x);

/// In place: x_i = exp(x_i) / sum_j exp(x_j). The row must not be empty.
void softmax(View<float> x);

/// log(sum_j exp(x_j)) of a non-empty row; summed in double.
double log_sum_exp(View<const float> x);

}  // namespace asterism::linalg

#if !defined(ASTERISM_COMPILED)
#include "asterism/linalg/softmax_impl.hpp"
#endif
