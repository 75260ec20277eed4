// How a run stores what is no weight: gradients and activations, in float32 or narrower.
#pragma once

#include <cstdint>

#include "asterism/quant/float_storage.hpp"

namespace asterism::train {

/// float32, bfloat16 or float16.
using Storage = quant::FloatStorage;

/// The types in which a recipe stores numbers; all are computed with in float32. Weights follow the Blueprint: Float32,
/// or BFloat16 beside masters in float32, which the optimizer updates.
///
/// - `gradients`: of matrices; those of norms, biases and routers are float32. A sum over the rows of one product is
///   made in float32 and rounded once.
/// - `saved`: what attention and experts leave for their gradients. The residual stream, router's probabilities and
///   routes stay as they are, so that what is computed again has the same bits.
/// - Small float16 gradients would become 0: the loss is multiplied by a scale, and they are divided by it when they
///   are read. A step with a gradient beyond float16 is skipped and halves the scale, `good_steps` steps in a row
///   without one double it. Source: Micikevicius et al., Mixed Precision Training, arXiv 1710.03740; the numbers are
///   those of torch.amp.GradScaler. Other gradients have no scale.
struct Precision {
  Storage gradients = Storage::float32;
  Storage saved = Storage::float32;
  float scale = 65536;             ///< of the loss at first: a power of two, so that it changes no bit of a result
  std::int32_t good_steps = 2000;  ///< > 0

  constexpr bool scales() const { return gradients == Storage::float16; }

  friend constexpr bool operator==(const Precision&, const Precision&) = default;
};

}  // namespace asterism::train
