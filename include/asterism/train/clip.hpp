// The norm of all gradients together, and its limit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// Doubles of scratch that the norm of a tensor of `elements` needs; of several, the largest counts.
constexpr std::size_t norm_pieces(std::size_t elements) {
  return (elements + piece_elements - 1) / piece_elements;
}

/// The norm of some gradients, or the first of them that has NaN or infinity.
struct GradientNorm {
  double value = 0;
  const Parameter* not_finite = nullptr;
};

/// The square root of the sum of the squares of all gradients: pieces of piece_elements, each in double, added in
/// ascending order, tensor by tensor; so the same bits for any number of threads. What has no gradient, Kind::bias, is
/// left out. `scratch` holds norm_pieces of the largest tensor, else InvalidArgument. Allocates nothing.
GradientNorm measure_gradients(const parallel::ExecutionRef& execution, View<const Parameter> parameters,
                               View<double> scratch);

/// The same as a number. Throws NumericError, which names the step and the first tensor with NaN or infinity in its
/// gradient.
double gradient_norm(const parallel::ExecutionRef& execution, View<const Parameter> parameters, std::int64_t step,
                     View<double> scratch);
[[noreturn]] void refuse_gradient(const Parameter& parameter, std::int64_t step);

/// Multiplies the factors of all gradients by min(1, limit / norm), limit > 0; at a norm of exactly `limit` or below
/// nothing changes. Source: Pascanu and others, On the difficulty of training recurrent neural networks, arXiv
/// 1211.5063; torch adds 1e-6 to the norm in the quotient, this does not.
void limit_gradients(View<Parameter> parameters, double norm, double limit);

/// Both: limits the norm and returns it as it was before.
double clip_gradients(const parallel::ExecutionRef& execution, View<Parameter> parameters, double limit,
                      std::int64_t step, View<double> scratch);

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/clip_impl.hpp"
#endif
