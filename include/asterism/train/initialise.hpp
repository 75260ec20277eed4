// Random weights for a model that begins from nothing.
#pragma once

#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// How random weights are drawn.
struct Initial {
  std::uint64_t seed = 0;
  float embedding = 0.02F;  ///< standard deviation of the embedding, > 0
  /// Standard deviation of one random row that all rows of the embedding share, >= 0. With rotary positions and without
  /// biases it gives attention a direction that does not depend on the token, from which heads that look at the token
  /// before learn several times sooner. It is a value to begin with alone: the model is an ordinary one.
  float shared = 0;
};

/// Overwrites the weights of a model of `shape`; `parameters` are Trainer's, of all its weights in their order:
/// matrices (rows, cols) with standard deviation 1 / sqrt(cols), the embedding as `initial` has it, norms 1, biases 0.
/// What adds to the residual stream (attention's output, the down projections) is multiplied by
/// 0.5 / sqrt(2 layers): Radford et al., Language Models are Unsupervised Multitask Learners, section 2.3, and the half
/// that small models learn well with. Each number is the sum of twelve uniform integers, whose distribution is nearly
/// normal and ends at 6 standard deviations: no library's logarithm decides a bit, a seed has the same weights
/// everywhere. InvalidArgument for parameters that are not those of `shape`, and for numbers out of range. The
/// optimizer's state stays. Allocates nothing of size; 6 numbers of Random a weight.
void initialise(View<const Parameter> parameters, const Shape& shape, const Initial& initial = {});

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/initialise_impl.hpp"
#endif
