// Where a checkpoint keeps each weight: names, and slices of fused tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "asterism/checkpoint/fwd.hpp"
#include "asterism/core/config.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// How a checkpoint stores its experts.
enum class ExpertLayout : std::uint8_t {
  separate,  ///< a tensor for each matrix of each expert
  fused      ///< a tensor for the same matrix of all experts of a layer, see model::FusedName
};

/// Fused if the first layer's fused tensors are there.
ExpertLayout expert_layout(const TensorStore& store, Architecture architecture);

/// A weight inside a checkpoint: elements [first, first + product of the weight's sizes) of the tensor `name`,
/// whose shape is `shape`.
struct WeightLocation {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::uint64_t first = 0;
};

/// Where `id` is in a checkpoint of `shape`, by the weight table of its architecture; a tied head is the embedding.
WeightLocation locate(const model::WeightId& id, const Shape& shape, ExpertLayout layout);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/weight_location_impl.hpp"
#endif
