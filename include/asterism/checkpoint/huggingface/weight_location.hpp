// Where a checkpoint keeps each weight: names, and slices of fused tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "asterism/checkpoint/fwd.hpp"
#include "asterism/checkpoint/row_gather.hpp"
#include "asterism/core/config.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// How a checkpoint stores its experts.
enum class ExpertLayout : std::uint8_t {
  separate,  ///< a tensor for each matrix of each expert
  fused      ///< a tensor for the same matrix of all experts of a layer, see model::FusedName
};

/// Fused if the fused tensors of the first layer with experts are there.
ExpertLayout expert_layout(const TensorStore& store, const Shape& shape);

/// A weight inside a checkpoint: elements [first, first + product of the weight's sizes) of the tensor `name`,
/// whose shape is `shape`, with its rows as `rows` has them; then its values are changed as `transform` says.
struct WeightLocation {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::uint64_t first = 0;
  RowGather rows{};
  model::Transform transform = model::Transform::none;  ///< of values
};

/// Where `id` is in a checkpoint of `shape`, by the weight table of its architecture; a tied head is the embedding.
WeightLocation locate(const model::WeightId& id, const Shape& shape, ExpertLayout layout);

/// The rows of a part of in_proj_qkvz, by Transform::queries_keys_values or Transform::gates: for each key head the
/// tensor has its query and its key, then the values and the gates of the value heads that share it.
RowGather rows_of_qkvz(model::Transform transform, const Shape& shape);

/// The same place without what happens to rows and values: what the file has.
WeightLocation as_stored(WeightLocation location);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/weight_location_impl.hpp"
#endif
