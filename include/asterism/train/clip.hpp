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

/// The square root of the sum of the squares of all gradients: pieces of piece_elements, each in double, added in
/// ascending order, tensor by tensor; so the same bits for any number of threads. What has no gradient, Kind::bias, is
/// left out. `step` is for messages; `scratch`
/// holds norm_pieces of the largest tensor. Throws NumericError, which names the step and the first tensor with NaN or
/// infinity in its gradient; InvalidArgument if scratch is too small. Allocates nothing otherwise.
double gradient_norm(const parallel::ExecutionRef& execution, View<const Parameter> parameters, std::int64_t step,
                     View<double> scratch);

/// Scales all gradients by min(1, limit / norm), limit > 0, and returns the norm before; all else as gradient_norm.
/// At a norm of exactly `limit` or below no bit changes. Source: Pascanu and others, On the difficulty of training
/// recurrent neural networks, arXiv 1211.5063; torch adds 1e-6 to the norm in the quotient, this does not.
double clip_gradients(const parallel::ExecutionRef& execution, View<const Parameter> parameters, double limit,
                      std::int64_t step, View<double> scratch);

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/clip_impl.hpp"
#endif
